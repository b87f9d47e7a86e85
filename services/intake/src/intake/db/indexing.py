"""Fills `complaint_search` from the queue of complaints that are not in it yet.

A complaint is in the table or in the queue, for whoever reads both in one statement: it enters the queue with the
transaction that writes it, and leaves it with the one that writes its words. So nothing is skipped, however late a
transaction commits, and a kill undoes both or neither.

Whoever changes what a complaint says holds it `FOR UPDATE` first. A batch holds its complaints against that and never
waits for one: what is being changed meanwhile stays in the queue. So no older words are written over newer ones, and
nobody waits in a circle.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake.usecases.index_complaints import Batch, Unindexed

FORMER: Final = "complaint_by_words"
"""The index over complaints themselves, of the release before: it stands until the table is filled once."""

_KEPT: Final = "source_system, channel, reported_severity, product, category, received_at, words"
"""What of a complaint in `complaint_search` may change."""


def _of(row: str) -> str:
    return ", ".join(f"{row}.{name}" for name in _KEPT.split(", "))


# Written only where something differs, so that a look over everything costs no more than the look.
_WRITTEN: Final = f"""
held AS MATERIALIZED (
    SELECT id, number, source_system, channel, reported_severity, product, category, received_at, recorded_at,
           complaint_words(title, description, product, category, lot, serial, external_id) AS words
      FROM complaint WHERE id = ANY(ARRAY(SELECT id FROM asked))
     ORDER BY id FOR KEY SHARE SKIP LOCKED
), written AS (
    INSERT INTO complaint_search AS kept (complaint_id, number, recorded_at, {_KEPT})
    SELECT id, number, recorded_at, {_KEPT} FROM held
    ON CONFLICT (complaint_id) DO UPDATE SET ({_KEPT}) = ({_of("excluded")})
     WHERE ({_of("kept")}) IS DISTINCT FROM ({_of("excluded")})
    RETURNING 1
), again AS (
    INSERT INTO complaint_unindexed (complaint_id, waits_since)
    SELECT id, since FROM asked
     WHERE id NOT IN (SELECT id FROM held) AND EXISTS (SELECT FROM complaint WHERE complaint.id = asked.id)
)"""  # noqa: S608 - column names of our own
_WAITING: Final = sa.text(f"""
WITH taken AS (
    DELETE FROM complaint_unindexed WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM complaint_unindexed LIMIT :rows FOR UPDATE SKIP LOCKED
    ))
    RETURNING complaint_id, waits_since
), asked AS MATERIALIZED (
    SELECT complaint_id AS id, min(waits_since) AS since FROM taken GROUP BY complaint_id
), {_WRITTEN}
SELECT (SELECT count(*) FROM taken) AS looked_at, (SELECT count(*) FROM written) AS written,
       (SELECT count(*) FROM held) AS held
""")  # noqa: S608 - statements of our own
_PAGE: Final = sa.text(f"""
WITH asked AS MATERIALIZED (
    SELECT id, CAST(:now AS timestamptz) AS since FROM complaint
     WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :rows
), {_WRITTEN}
SELECT (SELECT count(*) FROM asked) AS looked_at, (SELECT count(*) FROM written) AS written,
       (SELECT count(*) FROM held) AS held, (SELECT id FROM asked ORDER BY id DESC LIMIT 1) AS last
""")  # noqa: S608 - statements of our own
_UNINDEXED: Final = sa.text("SELECT count(*) AS number, min(waits_since) AS since FROM complaint_unindexed")
_FORMER_STANDS: Final = sa.text("""
SELECT to_regclass(:former) IS NOT NULL AS stands, EXISTS (SELECT FROM complaint_unindexed) AS waiting
""").bindparams(former=FORMER)
# What a process of the release before has decided meanwhile is still marked as waiting for triage.
_DECIDED: Final = sa.text("""
UPDATE complaint SET awaits_triage = false WHERE id = ANY(ARRAY(
    SELECT complaint.id FROM complaint JOIN triage ON triage.complaint_id = complaint.id
     WHERE awaits_triage LIMIT :rows
       FOR NO KEY UPDATE OF complaint SKIP LOCKED
))
""")
_DECIDED_AT_ONCE: Final = 1_000


class PostgresSearchIndex:
    """The `SearchIndex` on one engine; each call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self, limit: int) -> Batch:
        """Index up to `limit` complaints that wait, but those that are being changed just now."""
        async with self._engine.begin() as connection:
            row = (await connection.execute(_WAITING, {"rows": limit})).one()
        return Batch(row.looked_at, row.written, row.held)

    async def page(self, after: UUID | None, limit: int, *, now: datetime) -> tuple[Batch, UUID | None]:
        """Compare the words of the next complaints in the order of their ids, and write those that differ or lack.

        Gives the id to go on after, None at the end. What is being changed just now goes into the queue.
        """
        async with self._engine.begin() as connection:
            row = (await connection.execute(_PAGE, {"after": after, "rows": limit, "now": now})).one()
        return Batch(row.looked_at, row.written, row.held), row.last if row.looked_at == limit else None

    async def unindexed(self) -> Unindexed:
        """Count what waits."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_UNINDEXED)).one()
        return Unindexed(row.number, row.since)

    async def retire_former(self) -> bool:
        """Drop the index of the release before as soon as nothing waits; tell whether it is gone.

        Searches ask it until then. Complaints are written meanwhile; several processes may try.
        """
        async with self._engine.begin() as connection:
            found = (await connection.execute(_FORMER_STANDS)).one()
            if not found.stands or found.waiting:
                return not found.stands
        while True:
            async with self._engine.begin() as connection:
                if (await connection.execute(_DECIDED, {"rows": _DECIDED_AT_ONCE})).rowcount == 0:
                    break
        async with self._engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await _drop(outside)
        return True


async def _drop(connection: AsyncConnection) -> None:
    # Where a long transaction keeps it waiting beyond the bound of a statement, it leaves an index that nobody asks any
    # more, and that the next try drops.
    await connection.execute(sa.text("ANALYZE complaint_search"))
    await connection.execute(sa.text("DROP INDEX CONCURRENTLY IF EXISTS complaint_by_words"))
