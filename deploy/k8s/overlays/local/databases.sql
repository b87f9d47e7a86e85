-- The first database is made by the image itself.
CREATE DATABASE redress_capa;
CREATE DATABASE redress_notifier;
CREATE DATABASE redress_log;
