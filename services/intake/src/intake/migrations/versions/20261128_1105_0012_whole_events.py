"""Events wait in the outbox as they are: PostgreSQL would spend longer on packing one than on writing it."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Pack only what fits no page; rows live until they are told, which is moments."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE outbox SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    """Pack what is larger than 2 kB again, as PostgreSQL does by itself."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE outbox RESET (toast_tuple_target)")
