"""Timelines, reads of personal data, holds and erasure."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE complaint ADD COLUMN erased_at timestamptz",
    """
    CREATE TABLE timeline_note (
        subject_id uuid NOT NULL,
        name text NOT NULL,
        subject_kind text NOT NULL,
        kind text NOT NULL,
        action text NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        changes jsonb NOT NULL,
        reason text NOT NULL,
        PRIMARY KEY (subject_id, name)
    )
    """,
    """
    CREATE TABLE personal_read (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        key_id text NOT NULL,
        operation text NOT NULL,
        complaints uuid[] NOT NULL
    )
    """,
    "CREATE INDEX personal_read_of_complaint ON personal_read USING gin (complaints)",
    "CREATE INDEX personal_read_by_age ON personal_read (at)",
    """
    CREATE TABLE complaint_hold (
        complaint_id uuid PRIMARY KEY REFERENCES complaint (id),
        reason text NOT NULL,
        until timestamptz,
        placed_by text NOT NULL,
        placed_at timestamptz NOT NULL
    )
    """,
    # Who complained once, and was corrected away: an erasure finds that person too.
    """
    CREATE INDEX complaint_history_former ON complaint_history ((withheld #>> '{complainant,0,reference}'))
     WHERE (withheld #>> '{complainant,0,reference}') IS NOT NULL
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("complaint_history_former")
    for table in ("complaint_hold", "personal_read", "timeline_note"):
        op.drop_table(table)
    op.drop_column("complaint", "erased_at")
