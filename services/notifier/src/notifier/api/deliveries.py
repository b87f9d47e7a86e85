"""Deliveries: list, read, ask for again."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.etags import etag, expected_version_if_any, is_unmodified
from chassis.instants import Instant
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page
from notifier.api.delivery_schemas import DeliveryDetailOut, DeliveryOut
from notifier.api.desk import DeliveryReader, DeliveryWriter, Desk
from notifier.domain.delivery import DeliveryState
from notifier.domain.person import Channel
from notifier.usecases.views import DeliveryFilter

TAG: Final = "Deliveries"
_MAY_BE_VERSIONED: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": "The ETag of the delivery that was read; one that was tried or asked for since is then refused. "
            "Without it, whatever version there is.",
            "schema": {"type": "string"},
        }
    ]
}


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1", tags=[TAG])

    @router.get("/deliveries", summary="List deliveries")
    async def list_deliveries(
        *,
        request: Request,
        response: Response,
        _: DeliveryReader,
        person: Annotated[str | None, Query(max_length=100, description="To this person.")] = None,
        channel: Annotated[Channel | None, Query(description="By this channel.")] = None,
        state: Annotated[DeliveryState | None, Query(description="In this state.")] = None,
        created_from: Annotated[
            Instant | None, Query(alias="from", description="Created then or later.")
        ] = None,
        created_to: Annotated[Instant | None, Query(alias="to", description="Created before then.")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[DeliveryOut]:
        """List deliveries, the newest first."""
        wanted = DeliveryFilter(
            recipient=person, channel=channel, state=state, created_from=created_from, created_to=created_to
        )
        filters = {
            "list": "deliveries",
            "person": person,
            "channel": channel,
            "state": state,
            "from": created_from,
            "to": created_to,
        }
        page = await desk.look_up.deliveries(wanted, desk.cursors.open(cursor, filters), limit)
        items = [DeliveryOut.of(view) for view in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get("/deliveries/{delivery_id}", summary="Read a delivery", response_model=DeliveryDetailOut)
    async def read_delivery(
        delivery_id: UUID, request: Request, response: Response, _: DeliveryReader
    ) -> DeliveryDetailOut | Response:
        """Read a delivery with each of its attempts and why it failed; with If-None-Match, 304 where it is unchanged."""
        view, attempts = await desk.look_up.delivery(delivery_id)
        tag = etag(view.delivery.version)
        if is_unmodified(request, view.delivery.version):
            return Response(status_code=304, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return DeliveryDetailOut.of_attempts(view, attempts)

    @router.post(
        "/deliveries/{delivery_id}/redeliver",
        status_code=202,
        summary="Send a delivery once more",
        openapi_extra=_MAY_BE_VERSIONED,
    )
    async def redeliver(
        delivery_id: UUID, request: Request, response: Response, _: DeliveryWriter
    ) -> DeliveryOut:
        """Send what was sent or given up once more, with the same message id; only what is still open is told."""
        view = await desk.redeliver(delivery_id, expected_version=expected_version_if_any(request))
        response.headers["ETag"] = etag(view.delivery.version)
        return DeliveryOut.of(view)

    return router
