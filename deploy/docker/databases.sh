#!/bin/bash
# Run once by the postgres image, on an empty volume: one database and one role for each service, which nobody else enters,
# and one role that reads PostgreSQL's own statistics.
set -euo pipefail

passwords=${PASSWORDS_DIR:-/run/secrets}
run() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres "$@"; }

for service in intake capa notifier; do
    run -v role="redress_$service" -v password="$(cat "$passwords/${service}_database_password")" << 'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done

run -v password="$(cat "$passwords/monitor_database_password")" << 'SQL'
CREATE ROLE redress_monitor LOGIN PASSWORD :'password';
GRANT pg_monitor TO redress_monitor;
SQL
