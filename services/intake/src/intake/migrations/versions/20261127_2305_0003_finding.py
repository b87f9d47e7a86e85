"""Finding complaints: their words, and what similar ones have in common."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The cost makes the planner prefer the index to computing the words of many complaints. A function in SQL would be
# inlined, and its cost forgotten.
_FUNCTION = """
CREATE FUNCTION complaint_words(
    title text, description text, product text, category text, lot text, serial text, external_id text
) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
BEGIN
    RETURN pg_catalog.to_tsvector(
        'pg_catalog.simple',
        pg_catalog.concat_ws(' ', title, description, product, category, lot, serial, external_id)
    );
END
$$
"""

# A short list of what waits to be merged keeps the merge, which one of the inserts pays for, short too.
_INDEXES = (
    """
    CREATE INDEX complaint_by_words ON complaint
     USING gin (complaint_words(title, description, product, category, lot, serial, external_id))
      WITH (gin_pending_list_limit = 1024)
    """,
    "CREATE INDEX complaint_by_product ON complaint (product, category, received_at)",
    "CREATE INDEX complaint_by_lot ON complaint (lot, received_at) WHERE lot IS NOT NULL",
    "CREATE INDEX complaint_by_serial ON complaint (serial, received_at) WHERE serial IS NOT NULL",
    "CREATE INDEX complaint_by_occurrence ON complaint (occurred_at) WHERE occurred_at IS NOT NULL",
    "CREATE INDEX complainant_by_reference ON complainant (reference) WHERE reference IS NOT NULL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_FUNCTION)
    for statement in _INDEXES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in (
        "complainant_by_reference",
        "complaint_by_occurrence",
        "complaint_by_serial",
        "complaint_by_lot",
        "complaint_by_product",
        "complaint_by_words",
    ):
        op.drop_index(name)
    op.execute("DROP FUNCTION complaint_words(text, text, text, text, text, text, text)")
