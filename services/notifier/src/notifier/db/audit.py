"""The books of the auditor: open deadlines beside their timers, read by indexes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from notifier.domain.audit import Finding
from notifier.usecases.audit import Looked, Place

_AFTER = "AND (due_at, subject_id, clock) > (CAST(:due_at AS timestamptz), CAST(:subject_id AS uuid), CAST(:clock AS text))"


def _look(condition: str) -> sa.TextClause:
    return sa.text(f"""
SELECT due_at, subject_id, clock, EXISTS (
    SELECT FROM jsonb_array_elements(ladder -> 'steps') AS rung
     WHERE NOT EXISTS (
         SELECT FROM timer t WHERE t.subject_id = d.subject_id AND t.clock = d.clock
            AND t.generation = d.generation AND t.step = rung ->> 'name'
     ) AND NOT EXISTS (
         SELECT FROM timer_ended e WHERE e.subject_id = d.subject_id AND e.clock = d.clock
            AND e.generation = d.generation AND e.step = rung ->> 'name'
     )
) AS missing
  FROM deadline d WHERE state = 'open' {condition} ORDER BY due_at, subject_id, clock LIMIT :rows
""")  # noqa: S608  (conditions of our own)


_FIRST, _NEXT = _look(""), _look(_AFTER)
_LATE = sa.text("""
SELECT (SELECT count(*) FROM timer WHERE state = 'stuck') AS timer_stuck,
       (SELECT count(*) FROM timer WHERE state = 'pending'
           AND due_at < CAST(:before AS timestamptz) AND planned_at < CAST(:before AS timestamptz))
       + (SELECT count(*) FROM timer WHERE state = 'leased'
           AND due_at < CAST(:before AS timestamptz) AND planned_at < CAST(:before AS timestamptz)) AS timer_late,
       (SELECT count(*) FROM delivery
         WHERE state IN ('planned', 'failed') AND next_attempt_at < CAST(:before AS timestamptz)) AS delivery_late
""")


class PostgresBooks:
    """What one transaction sees."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def look(self, after: Place | None, limit: int) -> Looked:
        """Look over the open deadlines that come next, and find those with a step that neither waits nor has ended."""
        place = {} if after is None else dict(zip(("due_at", "subject_id", "clock"), after, strict=True))
        statement = _FIRST if after is None else _NEXT
        rows = (await self._connection.execute(statement, {"rows": limit, **place})).all()
        missing = tuple((row.subject_id, row.clock) for row in rows if row.missing)
        if len(rows) < limit:
            return Looked(missing, None)
        last = rows[-1]
        return Looked(missing, (last.due_at, last.subject_id, last.clock))

    async def late(self, before: datetime) -> Mapping[Finding, int]:
        """Count stuck timers, and timers and messages whose moment came before an instant."""
        row = (await self._connection.execute(_LATE, {"before": before})).one()
        return {
            Finding.TIMER_STUCK: row.timer_stuck,
            Finding.TIMER_LATE: row.timer_late,
            Finding.DELIVERY_LATE: row.delivery_late,
        }


class PostgresOpenBooks:
    """Opens the books on an engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[PostgresBooks]:
        """Open a transaction that only reads."""
        async with self._engine.connect() as connection:
            yield PostgresBooks(connection)
