"""Delivery kept in PostgreSQL: outbox, relay, inbox, parked events, and the embedded log."""
