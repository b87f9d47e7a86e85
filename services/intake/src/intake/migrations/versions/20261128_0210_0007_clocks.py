"""The clocks of complaints."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE complaint_clock (
        complaint_id uuid NOT NULL REFERENCES complaint (id),
        clock text NOT NULL,
        ordinal integer NOT NULL,
        run integer NOT NULL,
        kind text NOT NULL,
        state text NOT NULL,
        generation integer NOT NULL,
        rule jsonb NOT NULL,
        policy_version text NOT NULL,
        calendar text NOT NULL,
        owner text,
        team text,
        ladder text,
        about text NOT NULL,
        severity text NOT NULL,
        begun_by text NOT NULL,
        started_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        original_due_at timestamptz NOT NULL,
        explanation jsonb NOT NULL,
        holds jsonb NOT NULL,
        paused_at timestamptz,
        ended_at timestamptz,
        ended_by text,
        by_seconds double precision,
        warned_at timestamptz,
        breached_at timestamptz,
        set_at timestamptz NOT NULL,
        PRIMARY KEY (complaint_id, clock, ordinal)
    )
    """,
    """
    CREATE INDEX complaint_clock_due ON complaint_clock (due_at, kind, complaint_id) WHERE state = 'running'
    """,
    """
    CREATE INDEX complaint_clock_open ON complaint_clock (complaint_id) WHERE state IN ('running', 'paused')
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("complaint_clock")
