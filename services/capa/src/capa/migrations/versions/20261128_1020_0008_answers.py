"""That a notice about an action was acknowledged or snoozed."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE action_notice ADD COLUMN until timestamptz")
    op.execute("ALTER TABLE action_notice DROP CONSTRAINT action_notice_kind")
    op.execute(
        "ALTER TABLE action_notice ADD CONSTRAINT action_notice_kind "
        "CHECK (kind IN ('breached', 'sent', 'unroutable', 'acknowledged', 'snoozed')) NOT VALID"
    )
    # In two steps: checking what is there keeps nobody from writing.
    op.execute("ALTER TABLE action_notice VALIDATE CONSTRAINT action_notice_kind")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The release before knows no answers; notifier has them, and can announce them again.
    op.execute("ALTER TABLE action_notice DROP COLUMN until")
    op.execute("DELETE FROM action_notice WHERE kind IN ('acknowledged', 'snoozed')")
    op.execute("ALTER TABLE action_notice DROP CONSTRAINT action_notice_kind")
    op.execute(
        "ALTER TABLE action_notice ADD CONSTRAINT action_notice_kind "
        "CHECK (kind IN ('breached', 'sent', 'unroutable'))"
    )
