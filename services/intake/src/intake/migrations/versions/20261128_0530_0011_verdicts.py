"""The verdicts of clocks in the feed of changes."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# `complaint_id` is empty where a clock ended, so that the release before, which does not know of it, passes over it.
_STATEMENTS = (
    "ALTER TABLE change_queue ADD COLUMN timed_id uuid, ADD COLUMN clock text, ADD COLUMN ordinal integer",
    "ALTER TABLE complaint_change ADD COLUMN clock text",
    """
    CREATE OR REPLACE FUNCTION queue_clock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, complaint_id, clock, ordinal)
        VALUES ('clock', NEW.complaint_id, NEW.clock, NEW.ordinal);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION queue_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, timed_id, clock, ordinal)
        VALUES ('verdict', NEW.complaint_id, NEW.clock, NEW.ordinal);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER verdict_queued AFTER UPDATE ON complaint_clock FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.state IN ('met', 'missed'))
    EXECUTE FUNCTION queue_verdict()
    """,
    # What is met as it starts, such as by a containment that was done before.
    """
    CREATE TRIGGER early_verdict_queued AFTER INSERT ON complaint_clock FOR EACH ROW
    WHEN (NEW.state IN ('met', 'missed'))
    EXECUTE FUNCTION queue_verdict()
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for trigger in ("verdict_queued", "early_verdict_queued"):
        op.execute(f"DROP TRIGGER {trigger} ON complaint_clock")
    op.execute("DROP FUNCTION queue_verdict()")
    op.execute("""
    CREATE OR REPLACE FUNCTION queue_clock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, complaint_id) VALUES ('clock', NEW.complaint_id);
        RETURN NULL;
    END
    $$
    """)
    op.drop_column("complaint_change", "clock")
    for column in ("ordinal", "clock", "timed_id"):
        op.drop_column("change_queue", column)
