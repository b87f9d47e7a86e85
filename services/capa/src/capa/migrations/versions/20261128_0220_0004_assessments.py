"""Assessments of complaints, and their ends."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE complaint ADD COLUMN assessed_at TIMESTAMP WITH TIME ZONE, ADD COLUMN ended TEXT")
    op.execute(
        "ALTER TABLE complaint ADD CONSTRAINT complaint_ended"
        " CHECK (ended IN ('rejected', 'withdrawn', 'linked')) NOT VALID"
    )
    op.execute("ALTER TABLE complaint VALIDATE CONSTRAINT complaint_ended")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE complaint DROP COLUMN assessed_at, DROP COLUMN ended")
