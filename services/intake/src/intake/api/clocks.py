"""`/v1/complaints/{reference}/clocks`: what must be done about a complaint by when, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Response

from chassis.auth import Principal, requires
from intake.api.clock_schemas import ClocksOut
from intake.api.instants import instant
from intake.usecases.clock_views import ClockView, ClockViews, next_due
from intake.usecases.ports import Clock

_Reader = Annotated[Principal, requires("complaints:read")]
_Reference = Annotated[
    str, Path(max_length=64, description="Id or number of the complaint.", examples=["C-10023"])
]
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class ClockServices:
    """What this route needs."""

    views: ClockViews
    clock: Clock


def clocks_router(services: ClockServices) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["complaints"])

    @router.get(
        "/v1/complaints/{reference}/clocks", summary="Read a complaint's clocks", response_model=ClocksOut
    )
    async def read_complaint_clocks(reference: _Reference, principal: _Reader) -> Response:
        """Read every clock of a complaint with its explanation, verdicts of earlier runs included.

        Scope: complaints:read.
        """
        page, now = await services.views.clocks(reference, within=principal.source_system), services.clock()
        body = {
            "items": [shape_clock(clock, now) for clock in page.clocks],
            "next": shape_next(page.clocks, now),
            "historical": page.historical,
        }
        return Response(orjson.dumps(body), media_type=_JSON)

    return router


def shape_clock(clock: ClockView, now: datetime) -> dict[str, Any]:
    """Write a clock as plain JSON; its explanation only where it was read."""
    body: dict[str, Any] = {
        "name": clock.name,
        "kind": clock.kind,
        "title": clock.title,
        "source": clock.source,
        "state": clock.state.value,
        "overdue": clock.is_overdue(now),
        "run": clock.run,
        "generation": clock.generation,
        "begun_by": clock.begun_by,
        "started_at": instant(clock.started_at),
        "due_at": instant(clock.due_at),
        "original_due_at": instant(clock.original_due_at),
        "paused_at": instant(clock.paused_at),
        "held_seconds": clock.held_seconds,
        "ended_at": instant(clock.ended_at),
        "ended_by": clock.ended_by,
        "by_seconds": clock.by_seconds,
        "warned_at": instant(clock.warned_at),
        "breached_at": instant(clock.breached_at),
        "extended_at": instant(clock.extended_at),
        "promised_at": instant(clock.promised_at),
        "owner": clock.owner,
        "team": clock.team,
        "ladder": clock.ladder,
        "calendar": clock.calendar,
        "policy_version": clock.policy_version,
    }
    if clock.explanation is not None:
        body["explanation"] = clock.explanation
    return body


def shape_next(clocks: Sequence[ClockView], now: datetime) -> dict[str, Any] | None:
    """Write the clock that is due first as plain JSON."""
    clock = next_due(clocks)
    if clock is None:
        return None
    return {
        "name": clock.name,
        "kind": clock.kind,
        "due_at": instant(clock.due_at),
        "overdue": clock.is_overdue(now),
    }
