"""answers to notices"""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLE = """
CREATE TABLE answer (
    id uuid PRIMARY KEY,
    subject_id uuid NOT NULL,
    clock text NOT NULL,
    generation integer NOT NULL,
    kind text NOT NULL CONSTRAINT answer_kind CHECK (kind IN ('acknowledged', 'snoozed')),
    step text NOT NULL,
    owner text,
    actor text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    postponed_step text,
    postponed_from timestamptz,
    postponed_to timestamptz,
    next_step text,
    next_at timestamptz
);
CREATE INDEX answer_by_deadline ON answer (subject_id, clock, generation, at);
CREATE INDEX answer_until ON answer (until);
CREATE UNIQUE INDEX answer_acknowledged_once ON answer (subject_id, clock, generation, step)
    WHERE kind = 'acknowledged'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _TABLE.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("answer")
