"""The projection of deadlines in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.many_rows import document, insert_rows
from common.page import Page
from notifier.db.answers import IS_ANSWERED, answers_of
from notifier.db.tables import DEADLINE
from notifier.domain.answer import Answer
from notifier.domain.deadline import Deadline, Key, Severity, State, TimerEnd
from notifier.domain.ladder import ladder_of
from notifier.usecases.views import DeadlineFilter, DeadlineView, TimerView

_COLUMNS = tuple(str(column.name) for column in DEADLINE.columns)
_LOCK = sa.text("""
SELECT * FROM deadline
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
 ORDER BY subject_id, clock FOR UPDATE
""").columns(*DEADLINE.columns)
_COUNT_ON = sa.text("""
UPDATE deadline SET version = given.version
  FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[]), CAST(:versions AS integer[]))
       AS given (subject_id, clock, version)
 WHERE deadline.subject_id = given.subject_id AND deadline.clock = given.clock
""")
_SAVE = insert_rows(
    DEADLINE,
    "deadlines",
    "ORDER BY subject_id, clock ON CONFLICT (subject_id, clock) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS),
)
_TIMERS = sa.text("""
SELECT subject_id, clock, generation, step, due_at, NULL AS ended, NULL::timestamptz AS ended_at FROM timer
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
UNION ALL
SELECT subject_id, clock, generation, step, due_at, ended, ended_at FROM timer_ended
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
""")
_NEXT_SENDING = sa.text(f"""
SELECT notice.subject_id, notice.clock, min(delivery.next_attempt_at) AS at
  FROM notice JOIN delivery ON delivery.id = notice.delivery_id
  JOIN deadline ON deadline.subject_id = notice.subject_id AND deadline.clock = notice.clock
   AND deadline.generation = notice.generation AND deadline.state = 'open'
 WHERE (notice.subject_id, notice.clock)
       IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
   AND notice.state = 'planned' AND delivery.state IN ('planned', 'failed') AND NOT {IS_ANSWERED}
 GROUP BY notice.subject_id, notice.clock
""")  # noqa: S608  (conditions of our own)


class PostgresDeadlines:
    """What the owners of deadlines announced, one row for each."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_many(self, keys: Iterable[Key]) -> Mapping[Key, Deadline]:
        """Lock those that are known, in one order for all transactions."""
        rows = await self._connection.execute(_LOCK, names_of(keys))
        return {(row.subject_id, row.clock): deadline_of(row) for row in rows}

    async def save(self, deadlines: Sequence[Deadline]) -> None:
        """Write different deadlines, known or new."""
        if deadlines:
            await self._connection.execute(_SAVE, {"deadlines": document(map(_values, deadlines))})

    async def count_on(self, versions: Mapping[Key, int]) -> None:
        """Write the versions that announcing has reached, for rows that are locked."""
        await self._connection.execute(_COUNT_ON, names_of(versions) | {"versions": list(versions.values())})

    async def page(
        self, wanted: DeadlineFilter, after: Sequence[str] | None, limit: int
    ) -> Page[DeadlineView]:
        """List by due instant, subject and clock, with the steps of the present generation."""
        query = sa.select(DEADLINE).order_by(DEADLINE.c.due_at, DEADLINE.c.subject_id, DEADLINE.c.clock)
        query = _filtered(query, wanted)
        if after is not None:
            due_at, subject_id, clock = after
            place = sa.tuple_(DEADLINE.c.due_at, DEADLINE.c.subject_id, DEADLINE.c.clock)
            query = query.where(place > (datetime.fromisoformat(due_at), UUID(subject_id), clock))
        rows = await self._connection.execute(query.limit(limit + 1))
        found = [deadline_of(row) for row in rows]
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        keys = None if last is None else (last.due_at.isoformat(), str(last.subject_id), last.clock)
        return Page(await self._views(shown), keys)

    async def view(self, key: Key) -> DeadlineView | None:
        """Read one with the steps of the present generation and what was answered."""
        subject_id, clock = key
        query = sa.select(DEADLINE).where(DEADLINE.c.subject_id == subject_id, DEADLINE.c.clock == clock)
        rows = (await self._connection.execute(query)).all()
        views = await self._views([deadline_of(row) for row in rows])
        return next(iter(views), None)

    async def _views(self, deadlines: Sequence[Deadline]) -> tuple[DeadlineView, ...]:
        if not deadlines:
            return ()
        names = names_of([deadline.key for deadline in deadlines])
        timers: dict[tuple[UUID, str, int], dict[str, TimerView]] = {}
        for row in await self._connection.execute(_TIMERS, names):
            view = TimerView(row.step, row.due_at, row.ended and TimerEnd(row.ended), row.ended_at)
            timers.setdefault((row.subject_id, row.clock, row.generation), {})[row.step] = view
        sending = {
            (row.subject_id, row.clock): row.at
            for row in await self._connection.execute(_NEXT_SENDING, names)
        }
        answers = await answers_of(self._connection, [deadline.key for deadline in deadlines])
        return tuple(
            _view(
                deadline,
                timers.get((*deadline.key, deadline.generation), {}),
                sending.get(deadline.key),
                answers.get(deadline.key, ()),
            )
            for deadline in deadlines
        )


def _view(
    deadline: Deadline,
    timers: Mapping[str, TimerView],
    sending: datetime | None,
    answers: Sequence[Answer],
) -> DeadlineView:
    waiting = [timer.due_at for timer in timers.values() if timer.ended is None]
    moments = [*waiting, *([sending] if sending else [])]
    present = tuple(answer for answer in answers if answer.generation == deadline.generation)
    return DeadlineView(deadline, timers, min(moments, default=None), present)


def _filtered(query: sa.Select[Any], wanted: DeadlineFilter) -> sa.Select[Any]:
    if wanted.owner is not None:
        query = query.where(DEADLINE.c.owner == wanted.owner)
    if wanted.subject_id is not None:
        query = query.where(DEADLINE.c.subject_id == wanted.subject_id)
    if wanted.state is not None:
        query = query.where(DEADLINE.c.state == wanted.state)
    if wanted.overdue is not None:
        overdue = sa.and_(DEADLINE.c.state == State.OPEN, DEADLINE.c.due_at < wanted.now)
        query = query.where(overdue if wanted.overdue else ~overdue)
    return query


def names_of(keys: Iterable[Key]) -> dict[str, Any]:
    """Give the names of deadlines as statements take them: `ids` and `clocks`."""
    named = list(keys)
    return {"ids": [subject_id for subject_id, _ in named], "clocks": [clock for _, clock in named]}


def deadline_of(row: Any) -> Deadline:
    """Read a row of `deadline`."""
    fields = {name: getattr(row, name) for name in _COLUMNS}
    ladder = fields.pop("ladder")
    severity, state = fields.pop("severity"), fields.pop("state")
    return Deadline(
        **fields,
        ladder=ladder_of(ladder["name"], ladder["version"], ladder["steps"], ladder.get("answers")),
        severity=Severity(severity),
        state=State(state),
    )


def _values(deadline: Deadline) -> dict[str, Any]:
    values = {name: getattr(deadline, name) for name in _COLUMNS}
    return values | {
        "ladder": deadline.ladder.as_data(),
        "severity": str(deadline.severity),
        "state": str(deadline.state),
        "explanation": dict(deadline.explanation),
    }
