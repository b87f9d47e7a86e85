"""Imports and their rows."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE import_job (
        id uuid PRIMARY KEY,
        state text NOT NULL,
        media_type text NOT NULL,
        profile text NOT NULL,
        source_system text,
        own_source text,
        actor text NOT NULL,
        dry_run boolean NOT NULL,
        historical boolean NOT NULL,
        on_error text NOT NULL,
        rows bigint NOT NULL,
        created bigint NOT NULL,
        unchanged bigint NOT NULL,
        amended bigint NOT NULL,
        rejected bigint NOT NULL,
        detail text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        finished_at timestamptz,
        lease_token uuid,
        lease_until timestamptz
    )
    """,
    """
    CREATE INDEX import_job_waiting ON import_job (created_at) WHERE state IN ('receiving', 'queued', 'running')
    """,
    """
    CREATE TABLE import_row (
        import_id uuid NOT NULL REFERENCES import_job (id) ON DELETE CASCADE,
        row_number bigint NOT NULL,
        raw text,
        external_id text,
        outcome text,
        complaint_number text,
        errors jsonb NOT NULL,
        digest bytea,
        PRIMARY KEY (import_id, row_number)
    )
    """,
    "CREATE INDEX import_row_waiting ON import_row (import_id, row_number) WHERE outcome IS NULL",
    "CREATE INDEX import_row_told ON import_row (import_id, external_id) WHERE digest IS NOT NULL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("import_row")
    op.drop_table("import_job")
