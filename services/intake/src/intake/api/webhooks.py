"""`/v1/webhooks`: where a source system is told of its complaints' changes, and what became of it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response

from chassis.auth import Principal, requires
from chassis.etags import etag, expected_version
from chassis.paging import DEFAULT_LIMIT, Cursor, Cursors, Limit, PageOf, render_page
from intake.api.crm_schemas import (
    DeliveryOut,
    RedeliveredOut,
    RedeliverForm,
    TriedOut,
    WebhookChangeForm,
    WebhookForm,
    WebhookOut,
    WebhookSecretOut,
)
from intake.api.describing import etag_of
from intake.domain.webhook import DeliveryState
from intake.usecases.change_webhook import ChangeOf, ChangeWebhook
from intake.usecases.crm_ports import CrmViews
from intake.usecases.delete_webhook import DeleteWebhook
from intake.usecases.redeliver_webhooks import RedeliverWebhooks
from intake.usecases.register_webhook import Register, RegisterWebhook
from intake.usecases.rotate_webhook_secret import RotateWebhookSecret
from intake.usecases.try_webhook import TryWebhook

PATH: Final = "/v1/webhooks"
ONE: Final = PATH + "/{webhook_id}"

WebhookId = Annotated[UUID, Path(description="Id of the webhook.")]
Manager = Annotated[Principal, requires("webhooks:manage")]

_ETAG: Final = etag_of("webhook")
_IF_MATCH: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "ETag of the version that was read.",
            "schema": {"type": "string", "maxLength": 300},
        }
    ]
}


@dataclass(frozen=True, slots=True)
class WebhookServices:
    """What these routes need."""

    register: RegisterWebhook
    change: ChangeWebhook
    rotate: RotateWebhookSecret
    delete: DeleteWebhook
    redeliver: RedeliverWebhooks
    test: TryWebhook
    views: CrmViews
    cursors: Cursors


def webhooks_router(services: WebhookServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["webhooks"])
    _add_managing(router, services)
    _add_changing(router, services)
    _add_deliveries(router, services)
    return router


def _add_managing(router: APIRouter, services: WebhookServices) -> None:
    @router.post(
        PATH,
        summary="Register a webhook",
        status_code=HTTPStatus.CREATED,
        responses={201: {"description": "It is told from now on.", "headers": _ETAG}},
    )
    async def register_webhook(
        form: Annotated[WebhookForm, Body()], principal: Manager, response: Response
    ) -> WebhookSecretOut:
        """Have changes of complaints posted to a URL, signed after Standard Webhooks with the secret that is shown here once.

        What changed before is not posted: read it by `redeliver`, or from the feed. Scope: webhooks:manage. A key of a
        source system registers for that system alone.
        """
        endpoint = await services.register(
            Register(
                url=form.url,
                description=form.description,
                event_types=form.event_types,
                source_system=form.source_system,
                actor=principal.actor,
                within=principal.source_system,
            )
        )
        response.headers["Location"] = f"{PATH}/{endpoint.id}"
        response.headers["ETag"] = etag(endpoint.version)
        return WebhookSecretOut.of(endpoint)

    @router.get(PATH, summary="List webhooks")
    async def list_webhooks(
        *,
        request: Request,
        response: Response,
        principal: Manager,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[WebhookOut]:
        """List the endpoints, first registered first. Scope: webhooks:manage; a source system's key sees its own."""
        filters = {"list": "webhooks", "within": principal.source_system}
        keys = services.cursors.open(cursor, filters)
        after = None if keys is None else UUID(keys[0])
        page = await services.views.endpoints(after=after, limit=limit, within=principal.source_system)
        items = [WebhookOut.of(endpoint) for endpoint in page.items]
        return render_page(request, response, page, items, cursors=services.cursors, filters=filters)

    @router.get(ONE, summary="Read a webhook", responses={200: {"headers": _ETAG}})
    async def read_webhook(webhook_id: WebhookId, principal: Manager, response: Response) -> WebhookOut:
        """Read an endpoint, with its health and why it is disabled, if it is. Scope: webhooks:manage."""
        endpoint = await services.views.endpoint(webhook_id, within=principal.source_system)
        response.headers["ETag"] = etag(endpoint.version)
        return WebhookOut.of(endpoint)


def _add_changing(router: APIRouter, services: WebhookServices) -> None:
    @router.patch(
        ONE, summary="Change a webhook", responses={200: {"headers": _ETAG}}, openapi_extra=_IF_MATCH
    )
    async def change_webhook(
        webhook_id: WebhookId,
        form: Annotated[WebhookChangeForm, Body()],
        principal: Manager,
        request: Request,
        response: Response,
    ) -> WebhookOut:
        """Change where or what is posted, disable, or enable again: what waits then goes out at once.

        What was left out while it was disabled is sent by `redeliver`. Scope: webhooks:manage.
        """
        endpoint = await services.change(
            ChangeOf(webhook_id, expected_version(request), form.changes(), principal.source_system)
        )
        response.headers["ETag"] = etag(endpoint.version)
        return WebhookOut.of(endpoint)

    @router.delete(
        ONE, summary="Delete a webhook", status_code=HTTPStatus.NO_CONTENT, openapi_extra=_IF_MATCH
    )
    async def delete_webhook(webhook_id: WebhookId, principal: Manager, request: Request) -> Response:
        """Post nothing there any more, and forget its deliveries. Scope: webhooks:manage."""
        await services.delete(webhook_id, expected=expected_version(request), within=principal.source_system)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @router.post(
        ONE + "/rotate-secret",
        summary="Rotate a webhook's secret",
        responses={200: {"headers": _ETAG}},
        openapi_extra=_IF_MATCH,
    )
    async def rotate_webhook_secret(
        webhook_id: WebhookId, principal: Manager, request: Request, response: Response
    ) -> WebhookSecretOut:
        """Make a new secret, shown here once; for 24 hours posts are signed with the former one too.

        Scope: webhooks:manage.
        """
        endpoint = await services.rotate(
            webhook_id, expected=expected_version(request), within=principal.source_system
        )
        response.headers["ETag"] = etag(endpoint.version)
        return WebhookSecretOut.of(endpoint)

    @router.post(ONE + "/test", summary="Test a webhook")
    async def test_webhook(webhook_id: WebhookId, principal: Manager) -> TriedOut:
        """Post a `webhook.test` at once, and tell what the receiver said; it is not repeated. Scope: webhooks:manage."""
        return TriedOut.of(await services.test(webhook_id, within=principal.source_system))


def _add_deliveries(router: APIRouter, services: WebhookServices) -> None:
    @router.get(ONE + "/deliveries", summary="List a webhook's deliveries")
    async def list_webhook_deliveries(
        *,
        request: Request,
        response: Response,
        webhook_id: WebhookId,
        principal: Manager,
        state: Annotated[DeliveryState | None, Query(description="In this state.")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[DeliveryOut]:
        """List what was posted and what waits, the latest change first, for as long as the feed remembers.

        Scope: webhooks:manage.
        """
        filters = {"list": "webhook_deliveries", "webhook": webhook_id, "state": state}
        keys = services.cursors.open(cursor, filters)
        page = await services.views.deliveries(
            webhook_id,
            state=state,
            after=None if keys is None else int(keys[0]),
            limit=limit,
            within=principal.source_system,
        )
        items = [DeliveryOut.of(view) for view in page.items]
        return render_page(request, response, page, items, cursors=services.cursors, filters=filters)

    @router.post(
        ONE + "/deliveries/{delivery_id}/redeliver",
        summary="Redeliver one change",
        status_code=HTTPStatus.ACCEPTED,
        responses={409: {"$ref": "#/components/responses/Problem409"}},
    )
    async def redeliver_webhook(
        webhook_id: WebhookId,
        delivery_id: Annotated[UUID, Path(description="Id of the delivery.")],
        principal: Manager,
    ) -> DeliveryOut:
        """Send a delivery again at once, with the same `webhook-id` and body. Scope: webhooks:manage."""
        return DeliveryOut.of(
            await services.redeliver.one(webhook_id, delivery_id, within=principal.source_system)
        )

    @router.post(ONE + "/redeliver", summary="Redeliver what was missed", status_code=HTTPStatus.ACCEPTED)
    async def redeliver_missed(
        webhook_id: WebhookId, form: Annotated[RedeliverForm, Body()], principal: Manager
    ) -> RedeliveredOut:
        """Send what failed since an instant, and what was never posted, as while the endpoint was disabled.

        At most 10000 changes at once, the oldest first. Scope: webhooks:manage.
        """
        number = await services.redeliver.missed(webhook_id, form.since, within=principal.source_system)
        return RedeliveredOut(deliveries=number)
