"""Timers in PostgreSQL: a due index, claimed with a lease by SKIP LOCKED."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.many_rows import document, in_one, insert_rows
from common.ids import new_id
from notifier.db.tables import TIMER, TIMER_ENDED
from notifier.domain.deadline import Deadline, Key, Plan, Timer, TimerEnd
from notifier.usecases.ports import DueTimer, Rungs

MOST_ATTEMPTS: Final = 10
"""A timer that was taken up so often and never ended is stuck, and counted as such."""

_STUCK = sa.text("""
UPDATE timer SET state = 'stuck'
 WHERE state = 'leased' AND lease_until < CAST(:now AS timestamptz) AND attempts >= :most
""")
_CLAIM = sa.text("""
UPDATE timer SET state = 'leased', lease_until = CAST(:lease_until AS timestamptz), attempts = attempts + 1
 WHERE id IN (
    SELECT id FROM timer
     WHERE (state = 'pending' AND due_at <= CAST(:now AS timestamptz))
        OR (state = 'leased' AND lease_until < CAST(:now AS timestamptz))
     ORDER BY due_at LIMIT :rows FOR UPDATE SKIP LOCKED
 )
RETURNING subject_id, clock
""")
_DUE = sa.text("""
SELECT id, subject_id, clock, generation, step, due_at, planned_at FROM timer
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
   AND due_at <= CAST(:now AS timestamptz)
 ORDER BY due_at
""")
_FINISH = sa.text("""
WITH given AS (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:ends AS text[])) AS given (id, ended)
), gone AS (
    DELETE FROM timer USING given WHERE timer.id = given.id
    RETURNING subject_id, clock, generation, step, due_at, given.ended
)
INSERT INTO timer_ended (subject_id, clock, generation, step, due_at, ended, ended_at)
SELECT subject_id, clock, generation, step, due_at, ended, CAST(:now AS timestamptz) FROM gone
ON CONFLICT DO NOTHING
""")
_END_ALL = sa.text("""
WITH gone AS (
    DELETE FROM timer
     USING unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[]), CAST(:ends AS text[]))
        AS given (subject_id, clock, ended)
     WHERE timer.subject_id = given.subject_id AND timer.clock = given.clock
    RETURNING timer.subject_id, timer.clock, generation, step, due_at, given.ended
)
INSERT INTO timer_ended (subject_id, clock, generation, step, due_at, ended, ended_at)
SELECT subject_id, clock, generation, step, due_at, ended, CAST(:now AS timestamptz) FROM gone
ON CONFLICT DO NOTHING
""")
_LADDER = sa.text("""
SELECT step, due_at, state = 'pending' AS waits FROM timer
 WHERE subject_id = :subject_id AND clock = :clock AND generation = :generation
   FOR UPDATE
""")
_LADDER_ENDED = sa.text("""
SELECT step FROM timer_ended
 WHERE subject_id = :subject_id AND clock = :clock AND generation = :generation AND ended = 'fired'
""")
_POSTPONE = sa.text("""
UPDATE timer SET due_at = CAST(:at AS timestamptz)
 WHERE subject_id = :subject_id AND clock = :clock AND generation = :generation AND step = :step
   AND state = 'pending'
""")
_PLAN = in_one(insert_rows(TIMER, "timers"), insert_rows(TIMER_ENDED, "skipped"))
_NEXT = sa.text("""
SELECT least(
    (SELECT min(due_at) FROM timer WHERE state = 'pending'),
    (SELECT min(lease_until) FROM timer WHERE state = 'leased')
)
""")


class PostgresTimers:
    """Steps whose moment will come; what has ended moves to a table of its own, so that this one stays small."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.planned = False

    async def plan(self, plans: Sequence[tuple[Deadline, Plan]], *, now: datetime) -> None:
        """Write the timers of each deadline's generation, and the steps that it skips."""
        timers = [
            _row(deadline, timer) | {"id": new_id(), "planned_at": now, "state": "pending", "attempts": 0}
            for deadline, plan in plans
            for timer in plan.timers
        ]
        skipped = [
            _row(deadline, timer) | {"ended": str(TimerEnd.PAST), "ended_at": now}
            for deadline, plan in plans
            for timer in plan.skipped
        ]
        if timers or skipped:
            await self._connection.execute(_PLAN, {"timers": document(timers), "skipped": document(skipped)})
        self.planned = self.planned or bool(timers)

    async def end_all(self, ends: Mapping[Key, TimerEnd], *, now: datetime) -> None:
        """End every timer of each deadline, of whatever generation."""
        if ends:
            values = _names(ends) | {"ends": [str(end) for end in ends.values()], "now": now}
            await self._connection.execute(_END_ALL, values)

    async def claim(self, *, now: datetime, lease_until: datetime, limit: int) -> tuple[Key, ...]:
        """Lease timers that are due, and those whose holder died; names their deadlines."""
        await self._connection.execute(_STUCK, {"now": now, "most": MOST_ATTEMPTS})
        rows = await self._connection.execute(_CLAIM, {"now": now, "lease_until": lease_until, "rows": limit})
        return tuple(sorted({(row.subject_id, row.clock) for row in rows}))

    async def due_of(self, keys: Iterable[Key], *, now: datetime) -> tuple[DueTimer, ...]:
        """Read every due timer of deadlines that are locked, claimed or not: together they tell which is the newest."""
        rows = await self._connection.execute(_DUE, _names(keys) | {"now": now})
        return tuple(
            DueTimer(
                row.id, (row.subject_id, row.clock), row.generation, row.step, row.due_at, row.planned_at
            )
            for row in rows
        )

    async def finish(self, ended: Mapping[UUID, TimerEnd], *, now: datetime) -> None:
        """End timers and keep what became of them."""
        if ended:
            ends = {"ids": list(ended), "ends": [str(end) for end in ended.values()], "now": now}
            await self._connection.execute(_FINISH, ends)

    async def rungs_of(self, deadline: Deadline) -> Rungs:
        """Tell which steps of a locked deadline's generation fired and which wait; waiting ones cannot fire until the end."""
        names = _generation(deadline)
        waiting = await self._connection.execute(_LADDER, names)
        rungs = {row.step: row.due_at for row in waiting if row.waits}
        fired = await self._connection.execute(_LADDER_ENDED, names)
        return Rungs(frozenset(row.step for row in fired), rungs)

    async def postpone(self, deadline: Deadline, step: str, to: datetime) -> None:
        """Move the moment of a waiting step of a locked deadline."""
        await self._connection.execute(_POSTPONE, {**_generation(deadline), "step": step, "at": to})

    async def next_due(self) -> datetime | None:
        """Tell when the next timer wants attention."""
        found: datetime | None = (await self._connection.execute(_NEXT)).scalar_one()
        return found


def _generation(deadline: Deadline) -> dict[str, Any]:
    return {
        "subject_id": deadline.subject_id,
        "clock": deadline.clock,
        "generation": deadline.generation,
    }


def _row(deadline: Deadline, timer: Timer) -> dict[str, Any]:
    return _generation(deadline) | {"step": timer.step, "due_at": timer.due_at}


def _names(keys: Iterable[Key]) -> dict[str, Any]:
    named = list(keys)
    return {"ids": [subject_id for subject_id, _ in named], "clocks": [clock for _, clock in named]}
