"""Words of complaints in a table of their own, filled after the request; what waits for triage; what has a nonconformity.

Nothing here holds a lock for long on a database that is full. What is there already is put into the queue, from which the
worker fills the table; the index over complaints themselves stands until then, serves searches, and is dropped by the
worker. Every step can be taken again where a migration was broken off.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WORDS = (
    "complaint_words({0}title, {0}description, {0}product, {0}category, {0}lot, {0}serial, {0}external_id)"
)
_WORDED = "title, description, lot, serial, external_id"
_KEPT = "source_system, channel, reported_severity, product, category, received_at"
_FOLLOWED = f"{_WORDED}, {_KEPT}".split(", ")
_PENDING_AT_ONCE = 10_000


def _of(row: str, names: list[str]) -> str:
    return ", ".join(f"{row}.{name}" for name in names)


# The words of a complaint are seldom read, and then one by one: they lie beside the rows, so that what a word is in can
# be sorted without them.
_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS complaint_search (
        complaint_id uuid PRIMARY KEY REFERENCES complaint (id) ON DELETE CASCADE,
        number bigint NOT NULL,
        source_system text NOT NULL,
        channel text NOT NULL,
        reported_severity text NOT NULL,
        product text NOT NULL,
        category text NOT NULL,
        received_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        words tsvector NOT NULL
    ) WITH (toast_tuple_target = 128)
    """,
    "ALTER TABLE complaint_search ALTER COLUMN words SET STORAGE EXTERNAL",
    """
    CREATE INDEX IF NOT EXISTS complaint_search_by_words ON complaint_search
     USING gin (words) WITH (gin_pending_list_limit = 1024)
    """,
    # A queue without an index: it is read from its beginning, and empty most of the time.
    """
    CREATE TABLE IF NOT EXISTS complaint_unindexed (
        complaint_id uuid NOT NULL,
        waits_since timestamptz NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)
    """,
)
# PostgreSQL itself keeps the table true, whoever writes: this release, the one before while both run, or a person.
_FOLLOW = (
    """
    CREATE OR REPLACE FUNCTION complaint_told() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO complaint_unindexed (complaint_id, waits_since) SELECT id, recorded_at FROM told;
        RETURN NULL;
    END
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION complaint_reworded() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO complaint_search (complaint_id, number, recorded_at, words, {_KEPT})
        VALUES (NEW.id, NEW.number, NEW.recorded_at, {_WORDS.format("NEW.")}, {_of("NEW", _KEPT.split(", "))})
        ON CONFLICT (complaint_id) DO UPDATE
           SET (words, {_KEPT}) = (excluded.words, {_of("excluded", _KEPT.split(", "))});
        RETURN NULL;
    END
    $$
    """,  # noqa: S608 - column names of our own
    """
    CREATE OR REPLACE TRIGGER complaint_told AFTER INSERT ON complaint REFERENCING NEW TABLE AS told
       FOR EACH STATEMENT EXECUTE FUNCTION complaint_told()
    """,
    f"""
    CREATE OR REPLACE TRIGGER complaint_reworded
     AFTER UPDATE OF {", ".join(_FOLLOWED)} ON complaint FOR EACH ROW
      WHEN (({_of("OLD", _FOLLOWED)}) IS DISTINCT FROM ({_of("NEW", _FOLLOWED)}))
   EXECUTE FUNCTION complaint_reworded()
    """,
)
# True may come too late to be false, and never the other way: whoever asks looks at triage as well. What is there already
# is false without being written anew, and the few that do wait are set below.
_AWAITS = (
    "ALTER TABLE complaint ADD COLUMN IF NOT EXISTS awaits_triage boolean NOT NULL DEFAULT false",
    "ALTER TABLE complaint ALTER COLUMN awaits_triage SET DEFAULT true",
)
_PENDING = """
UPDATE complaint SET awaits_triage = true WHERE id = ANY(ARRAY(
    SELECT id FROM complaint
     WHERE NOT awaits_triage AND NOT EXISTS (SELECT FROM triage WHERE triage.complaint_id = complaint.id)
     LIMIT :rows
))
"""
# CONCURRENTLY, so that complaints are written meanwhile. One that was broken off is there, but invalid.
_INDEXES = {
    "complaint_awaiting_triage": "complaint (received_at, id) WHERE awaits_triage",
    "triage_with_nonconformity": "triage (complaint_id) WHERE nonconformity_id IS NOT NULL",
}
_FORMER = (
    f"complaint_by_words ON complaint USING gin ({_WORDS.format('')}) WITH (gin_pending_list_limit = 1024)"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (*_TABLES, *_AWAITS, *_FOLLOW):
        op.execute(statement)
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT NOT EXISTS (SELECT FROM complaint)")).scalar_one():
        op.execute("DROP INDEX IF EXISTS complaint_by_words")
    with op.get_context().autocommit_block():
        for name, on in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {on}")
        while connection.execute(sa.text(_PENDING), {"rows": _PENDING_AT_ONCE}).rowcount:
            pass
        # After the triggers are there for all to see, so that no complaint falls between the two.
        connection.execute(
            sa.text(
                "INSERT INTO complaint_unindexed (complaint_id, waits_since) SELECT id, :since FROM complaint"
            ),
            {"since": datetime.now(UTC)},
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS triage_with_nonconformity")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS complaint_awaiting_triage")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {_FORMER}")
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("complaint_reworded", "complaint_told"):
        op.execute(f"DROP TRIGGER {name} ON complaint")
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("complaint_search")
    op.drop_table("complaint_unindexed")
    op.drop_column("complaint", "awaits_triage")
