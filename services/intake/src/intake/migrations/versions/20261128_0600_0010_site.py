"""The site that a complaint concerns; those of before have none."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE complaint ADD COLUMN IF NOT EXISTS site text")
    # CONCURRENTLY, so that complaints are written meanwhile. One that was broken off is there, but invalid.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS complaint_by_site")
        op.execute(
            "CREATE INDEX CONCURRENTLY complaint_by_site ON complaint (site, received_at) WHERE site IS NOT NULL"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("complaint", "site")
