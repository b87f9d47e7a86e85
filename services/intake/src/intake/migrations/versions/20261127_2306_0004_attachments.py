"""Attachments."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE attached_file (
        id uuid PRIMARY KEY,
        complaint_id uuid NOT NULL REFERENCES complaint (id),
        state text NOT NULL,
        name text,
        media_type text,
        size bigint,
        sha256 bytea,
        uploaded_by text,
        begun_at timestamptz NOT NULL,
        uploaded_at timestamptz,
        deleted_by text,
        deleted_at timestamptz,
        deletion_reason text,
        removed_at timestamptz
    )
    """,
    "CREATE INDEX attached_file_of_complaint ON attached_file (complaint_id, uploaded_at, id)",
    """
    CREATE UNIQUE INDEX attached_file_once ON attached_file (complaint_id, sha256) WHERE state = 'stored'
    """,
    """
    CREATE INDEX attached_file_reserved ON attached_file (begun_at) WHERE state IN ('reserved', 'given_up')
    """,
    """
    CREATE INDEX attached_file_doomed ON attached_file (deleted_at) WHERE state = 'deleted' AND removed_at IS NULL
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("attached_file")
