"""Runs the embedded log's revisions on the connection that the caller hands over."""

from alembic import context

from events.postgres.log_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, compare_server_default=True
)
with context.begin_transaction():
    context.run_migrations()
