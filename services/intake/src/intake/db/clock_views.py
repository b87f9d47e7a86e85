"""Reads clocks of complaints for those who look at them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.tables import complaint_clock as clock
from intake.domain.clocks.clock import ClockState
from intake.domain.clocks.counting import explained
from intake.usecases.clock_views import ClockView

_SHOWN: Final = (
    *(column for column in clock.c if column.name not in {"rule", "explanation"}),
    clock.c.rule["title"].as_string().label("title"),
    clock.c.rule["source"].as_string().label("source"),
)
_OF: Final = clock.c.complaint_id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
_LATEST: Final = (
    sa.select(*_SHOWN)
    .where(_OF)
    .ext(pg.distinct_on(clock.c.complaint_id, clock.c.clock))
    .order_by(clock.c.complaint_id, clock.c.clock, clock.c.ordinal.desc())
)
_EXPLAINED: Final = _LATEST.add_columns(clock.c.explanation)
_ALL: Final = (
    sa.select(*_SHOWN, clock.c.explanation)
    .where(_OF)
    .order_by(clock.c.ended_at.desc().nulls_first(), clock.c.due_at, clock.c.clock)
)


async def latest_clocks(
    connection: AsyncConnection, ids: Sequence[UUID], *, explained: bool = False
) -> dict[UUID, tuple[ClockView, ...]]:
    """Read the latest clock of each name of complaints, by due instant."""
    found: dict[UUID, list[ClockView]] = {}
    for row in await connection.execute(_EXPLAINED if explained else _LATEST, {"ids": list(ids)}):
        found.setdefault(row.complaint_id, []).append(_view(row))
    return {
        complaint_id: tuple(sorted(clocks, key=lambda each: (each.due_at, each.name)))
        for complaint_id, clocks in found.items()
    }


async def all_clocks(connection: AsyncConnection, complaint_id: UUID) -> tuple[ClockView, ...]:
    """Read every clock of a complaint with its explanation: first what is open, then the latest that ended."""
    return tuple(_view(row) for row in await connection.execute(_ALL, {"ids": [complaint_id]}))


def _view(row: Any) -> ClockView:
    holds = ((datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in row.holds)
    how = getattr(row, "explanation", None)
    return ClockView(
        name=row.clock,
        ordinal=row.ordinal,
        kind=row.kind,
        title=row.title,
        source=row.source,
        state=ClockState(row.state),
        run=row.run,
        generation=row.generation,
        begun_by=row.begun_by,
        started_at=row.started_at,
        due_at=row.due_at,
        original_due_at=row.original_due_at,
        paused_at=row.paused_at,
        held_seconds=sum((ends - begins).total_seconds() for begins, ends in holds),
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        by_seconds=row.by_seconds,
        warned_at=row.warned_at,
        breached_at=row.breached_at,
        owner=row.owner,
        team=row.team,
        ladder=row.ladder,
        calendar=row.calendar,
        policy_version=row.policy_version,
        explanation=None if how is None else explained(how, row.started_at),
    )
