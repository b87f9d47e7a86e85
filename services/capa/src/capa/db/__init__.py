"""How capa keeps what it owns in PostgreSQL."""
