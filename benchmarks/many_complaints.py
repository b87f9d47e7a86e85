"""Any number of complaints, made in SQL: their words, products, lots and people are as unevenly spread as real ones."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

SENTENCES: Final = 20_000
END: Final = "2026-11-01T00:00:00Z"
"""No complaint is received later; each of the five years before has as many as another."""

_INDEXES: Final = "SELECT indexdef FROM pg_indexes WHERE indexname = 'complaint_search_by_words'"
# 30,000 words, of which the first hundred make up a seventh of what is written.
_WRITE_SENTENCES: Final = """
CREATE TEMPORARY TABLE sentence AS
SELECT place, string_agg('word' || CAST(floor(30000 * power(random(), 3)) AS integer), ' ') AS words
  FROM generate_series(1, :sentences) AS place, generate_series(1, 12)
 GROUP BY place
"""
_DRAW: Final = """
CREATE TEMPORARY TABLE drawn AS
SELECT gen_random_uuid() AS id, place,
       CAST(1 + floor(:sentences * random()) AS integer) AS first,
       CAST(1 + floor(:sentences * random()) AS integer) AS second,
       CAST(1 + floor(:sentences * random()) AS integer) AS third,
       CAST(floor(200 * power(random(), 2)) AS integer) AS product,
       CAST(floor(30 * power(random(), 2)) AS integer) AS category,
       CAST(floor(100 * random()) AS integer) AS lot,
       CAST(:end AS timestamptz) - random() * interval '5 years' AS received_at
  FROM generate_series(1, :count) AS place
"""
_INSERT: Final = """
INSERT INTO complaint (
    id, source_system, external_id, source_digest, channel, reported_severity, product, category, lot, site, serial, title,
    description, attachments, occurred_at, aware_at, received_at, recorded_at, updated_at, historical, state, version,
    correlation_id, awaits_triage
)
SELECT drawn.id, 'crm-' || place % 4, 'case-' || place, '\\x00', (ARRAY['phone', 'email', 'web', 'crm'])[1 + place % 4],
       (ARRAY['minor', 'minor', 'major', 'critical'])[1 + place % 4], 'product-' || product, 'category-' || category,
       CASE WHEN place % 2 = 0 THEN 'L-' || product || '-' || drawn.lot END,
       CASE WHEN place % 2 = 0 THEN 'plant-' || place % 40 END,
       CASE WHEN place % 2 = 0 THEN 'S-' || place END, left(one.words, 60),
       one.words || '. ' || two.words || '. ' || three.words || '.', '[]',
       CASE WHEN place % 3 = 0 THEN received_at - interval '2 days' END, received_at, received_at, received_at, received_at,
       place % 10 = 0, 'received', 1, gen_random_uuid(), place % 50 = 0
  FROM drawn JOIN sentence one ON one.place = drawn.first JOIN sentence two ON two.place = drawn.second
  JOIN sentence three ON three.place = drawn.third
""".replace("place %", "drawn.place %").replace("|| place", "|| drawn.place")
_OTHERS: Final = (
    """
    INSERT INTO complaint_search (
        complaint_id, number, source_system, channel, reported_severity, product, category, received_at, recorded_at, words
    )
    SELECT id, number, source_system, channel, reported_severity, product, category, received_at, recorded_at,
           complaint_words(title, description, product, category, lot, serial, external_id)
      FROM complaint
    """,
    """
    INSERT INTO complainant (complaint_id, reference, name)
    SELECT id, 'P-' || place % greatest(:count / 5, 1), 'Somebody' FROM drawn WHERE place % 3 = 0
    """,
    """
    INSERT INTO nonconformity (id, number, state, version, updated_at)
    SELECT gen_random_uuid(), 'NC-' || place, 'open', 1, CAST(:end AS timestamptz)
      FROM generate_series(1, greatest(:count / 200, 1)) AS place
    """,
    """
    INSERT INTO triage (complaint_id, outcome, reason, explanation, policy_version, decided_at, nonconformity_id, version)
    SELECT drawn.id, CASE WHEN nonconformity.id IS NULL THEN 'declined' ELSE 'linked' END, 'severity', 'Made up.', '2026-11',
           received_at, nonconformity.id, 1
      FROM drawn LEFT JOIN nonconformity
        ON drawn.place % 4 = 0 AND nonconformity.number = 'NC-' || 1 + drawn.place % greatest(:count / 200, 1)
     WHERE drawn.place % 50 <> 0
    """,
)
_TABLES: Final = ("complaint", "complaint_search", "complainant", "nonconformity", "triage", "complaint_link")


async def fill(engine: AsyncEngine, count: int) -> None:
    """Write `count` complaints with their complainants, triage and nonconformities into an empty database."""
    given = {"count": count, "sentences": SENTENCES}
    async with engine.begin() as connection:
        await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        # An index over words is made anew much faster than it is kept.
        index = (await connection.execute(sa.text(_INDEXES))).scalar_one()
        await connection.execute(sa.text("DROP INDEX complaint_search_by_words"))
        # They are written into the search table here, and need not wait in the queue of the worker for it.
        await connection.execute(sa.text("ALTER TABLE complaint DISABLE TRIGGER complaint_told"))
        await _run(connection, given)
        await connection.execute(sa.text("ALTER TABLE complaint ENABLE TRIGGER complaint_told"))
        await connection.execute(sa.text("SET LOCAL maintenance_work_mem = '256MB'"))
        await connection.execute(sa.text(index))
    async with engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(sa.text("SET statement_timeout = 0"))
        for table in _TABLES:
            await outside.execute(sa.text(f"VACUUM (ANALYZE) {table}"))
        await outside.execute(sa.text("RESET statement_timeout"))


async def _run(connection: AsyncConnection, given: dict[str, int]) -> None:
    values = {**given, "end": datetime.fromisoformat(END)}
    for statement in (_WRITE_SENTENCES, _DRAW, _INSERT, *_OTHERS):
        wanted = sa.text(statement)
        names = wanted.compile().params
        await connection.execute(wanted, {name: values[name] for name in names})
    for table in ("drawn", "sentence"):
        await connection.execute(sa.text(f"DROP TABLE {table}"))
