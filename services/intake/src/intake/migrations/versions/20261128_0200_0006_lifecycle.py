"""The lifecycle of complaints."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE complaint_handling (
        complaint_id uuid PRIMARY KEY REFERENCES complaint (id),
        owner text,
        team text,
        severity text,
        master_id uuid REFERENCES complaint (id),
        record jsonb NOT NULL,
        CONSTRAINT complaint_handling_of_another CHECK (master_id <> complaint_id)
    )
    """,
    "CREATE INDEX complaint_handling_by_owner ON complaint_handling (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX complaint_handling_by_master ON complaint_handling (master_id) WHERE master_id IS NOT NULL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("complaint_handling")
