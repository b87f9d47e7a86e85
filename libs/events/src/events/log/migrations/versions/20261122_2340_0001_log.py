"""The embedded log."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE log_record (
            topic text NOT NULL,
            partition smallint NOT NULL,
            position bigint NOT NULL,
            key bytea NOT NULL,
            headers bytea NOT NULL,
            value bytea NOT NULL,
            written_at timestamptz NOT NULL,
            PRIMARY KEY (topic, partition, position)
        )
    """)
    op.execute("CREATE INDEX log_record_by_age ON log_record (written_at)")
    op.execute("""
        CREATE TABLE log_head (
            topic text NOT NULL,
            partition smallint NOT NULL,
            next_position bigint NOT NULL,
            PRIMARY KEY (topic, partition)
        )
    """)
    op.execute("""
        CREATE TABLE log_cursor (
            consumer_group text NOT NULL,
            topic text NOT NULL,
            partition smallint NOT NULL,
            next_position bigint NOT NULL,
            served_at timestamptz NOT NULL,
            PRIMARY KEY (consumer_group, topic, partition)
        )
    """)


def downgrade() -> None:
    for table in ("log_cursor", "log_head", "log_record"):
        op.drop_table(table)
