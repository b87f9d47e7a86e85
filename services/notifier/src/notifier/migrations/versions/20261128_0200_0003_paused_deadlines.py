"""paused deadlines"""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE deadline DROP CONSTRAINT deadline_state")
    op.execute(
        "ALTER TABLE deadline ADD CONSTRAINT deadline_state "
        "CHECK (state IN ('open', 'paused', 'met', 'voided')) NOT VALID"
    )
    # In two steps: checking what is there keeps nobody from writing.
    op.execute("ALTER TABLE deadline VALIDATE CONSTRAINT deadline_state")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE deadline DROP CONSTRAINT deadline_state")
    op.execute("UPDATE deadline SET state = 'open' WHERE state = 'paused'")
    op.execute(
        "ALTER TABLE deadline ADD CONSTRAINT deadline_state CHECK (state IN ('open', 'met', 'voided'))"
    )
