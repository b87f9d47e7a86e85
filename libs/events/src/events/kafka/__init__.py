"""Delivery through Apache Kafka, by aiokafka."""
