"""The whole of Redress on one machine: PostgreSQL, the three services and a mailbox, from Python packages alone."""
