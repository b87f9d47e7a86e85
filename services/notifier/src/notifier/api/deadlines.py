"""Deadlines: list, read, answer their notices."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.etags import etag
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page
from notifier.api.answers import add_answers
from notifier.api.deadline_schemas import DeadlineOut
from notifier.api.desk import ONE_DEADLINE, ClockPath, DeadlineReader, Desk, SubjectPath
from notifier.domain.deadline import State
from notifier.usecases.views import DeadlineFilter

TAG: Final = "Deadlines"


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1", tags=[TAG])

    @router.get("/deadlines", summary="List deadlines")
    async def list_deadlines(
        *,
        request: Request,
        response: Response,
        _: DeadlineReader,
        owner: Annotated[str | None, Query(max_length=100, description="Owned by this person.")] = None,
        overdue: Annotated[
            bool | None, Query(description="Open and past the due instant now, or not so.")
        ] = None,
        subject_id: Annotated[UUID | None, Query(description="Of this thing.")] = None,
        state: Annotated[State | None, Query(description="In this state.")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[DeadlineOut]:
        """List deadlines, the one due first first; needs deadlines:read or people:read."""
        now = desk.clock()
        wanted = DeadlineFilter(now=now, owner=owner, overdue=overdue, subject_id=subject_id, state=state)
        filters = {
            "list": "deadlines",
            "owner": owner,
            "overdue": overdue,
            "subject_id": subject_id,
            "state": state,
        }
        page = await desk.look_up.deadlines(wanted, desk.cursors.open(cursor, filters), limit)
        items = [DeadlineOut.of(view, now) for view in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get(ONE_DEADLINE, summary="Read a deadline")
    async def read_deadline(
        subject_id: SubjectPath, clock: ClockPath, response: Response, _: DeadlineReader
    ) -> DeadlineOut:
        """Read a deadline: its ladder, what was answered, what comes next and when; needs deadlines:read or people:read."""
        view = await desk.look_up.deadline((subject_id, clock))
        response.headers["ETag"] = etag(view.deadline.version)
        return DeadlineOut.of(view, desk.clock())

    add_answers(router, desk)
    return router
