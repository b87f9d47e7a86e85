"""Notices: list."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page
from notifier.api.desk import DeliveryReader, Desk
from notifier.api.notice_schemas import NoticeOut
from notifier.domain.notice import NoticeState
from notifier.domain.person import Channel
from notifier.usecases.views import NoticeFilter

TAG: Final = "Notices"


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1", tags=[TAG])

    @router.get("/notices", summary="List notices")
    async def list_notices(
        *,
        request: Request,
        response: Response,
        _: DeliveryReader,
        person: Annotated[str | None, Query(max_length=100, description="To this person.")] = None,
        channel: Annotated[Channel | None, Query(description="By this channel.")] = None,
        state: Annotated[NoticeState | None, Query(description="In this state.")] = None,
        subject_id: Annotated[UUID | None, Query(description="About this thing.")] = None,
        delivery_id: Annotated[UUID | None, Query(description="In this delivery.")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[NoticeOut]:
        """List notices, the newest first, with what became of each and why."""
        wanted = NoticeFilter(
            recipient=person, channel=channel, state=state, subject_id=subject_id, delivery_id=delivery_id
        )
        filters = {
            "list": "notices",
            "person": person,
            "channel": channel,
            "state": state,
            "subject_id": subject_id,
            "delivery_id": delivery_id,
        }
        page = await desk.look_up.notices(wanted, desk.cursors.open(cursor, filters), limit)
        items = [NoticeOut.of(view) for view in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    return router
