"""`/v1/changes`: the feed of changes, for systems that cannot receive webhooks and for those that missed some."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query, Response

from chassis.auth import Principal, requires
from chassis.paging import Cursors
from intake.api.crm_schemas import FeedOut
from intake.api.feed_watch import FeedWatch
from intake.domain.change import Change
from intake.domain.errors import CursorExpired
from intake.usecases.changes import notification
from intake.usecases.crm_ports import CrmViews

LATEST: Final = "latest"
LONGEST_WAIT_SECONDS: Final = 30
MOST: Final = 500

Reader = Annotated[Principal, requires("complaints:read")]


@dataclass(frozen=True, slots=True)
class ChangesServices:
    """What these routes need; `base` is the public URL, empty where none is set."""

    views: CrmViews
    watch: FeedWatch
    cursors: Cursors
    kept: timedelta
    base: str


def changes_router(services: ChangesServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["changes"])

    @router.get(
        "/v1/changes",
        summary="Read what changed",
        response_model=FeedOut,
        responses={410: {"$ref": "#/components/responses/Problem410"}},
    )
    async def read_changes(
        principal: Reader,
        *,
        after: Annotated[
            str | None,
            Query(
                max_length=1_024,
                description="`next_cursor` of the answer before; left out for the oldest that is remembered, `latest` for "
                "what comes from now on.",
            ),
        ] = None,
        limit: Annotated[
            int, Query(ge=1, le=MOST, description="How many changes an answer has at most.")
        ] = 100,
        wait: Annotated[
            int,
            Query(
                ge=0,
                le=LONGEST_WAIT_SECONDS,
                description="How many seconds to wait for a change where there is none.",
            ),
        ] = 0,
    ) -> Response:
        """Read the changes of complaints in the order in which they became known, and a cursor to go on from.

        What capa decided, and what becomes of nonconformities and actions, is a change too. The cursor stays good for as
        long as the feed remembers, and nothing behind it is ever skipped or reordered; each change has one id, also as a
        webhook. Scope: complaints:read. A key of a source system reads of that system's complaints alone.
        """
        within = principal.source_system
        bound = {"feed": "changes", "within": within}
        forgotten, last = await services.views.bounds()
        keys = None if after == LATEST else services.cursors.open(after, bound, parameter="after")
        position = int(keys[0]) if keys is not None else last if after == LATEST else forgotten
        if position < forgotten:
            raise CursorExpired(services.kept.days)
        until = time.monotonic() + wait
        found, looked = await _read(services.views, position, limit, within)
        # Also another source's change ends a wait; then it goes on.
        while (
            not found
            and (left := until - time.monotonic()) > 0
            and await services.watch.grown(looked, seconds=left)
        ):
            found, looked = await _read(services.views, position, limit, within)
        shown = found[:limit]
        # Where all was read the cursor moves on past what is another's, which would let it age.
        reached = shown[-1].position if len(found) > limit else looked
        body = {
            "items": [notification(change, base=services.base) for change in shown],
            "next_cursor": services.cursors.seal((str(reached),), bound),
            "has_more": len(found) > limit,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    return router


async def _read(
    views: CrmViews, position: int, limit: int, within: str | None
) -> tuple[Sequence[Change], int]:
    """Read on behind a position; gives one change more than asked for, and up to where all is known."""
    _, last = await views.bounds()
    found = await views.changes(after=position, limit=limit + 1, within=within)
    return found, max([position, last, *(change.position for change in found)])
