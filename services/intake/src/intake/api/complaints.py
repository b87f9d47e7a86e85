"""`/v1/complaints`: hand over, read, list, amend."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from chassis.auth import Principal, authenticate, requires, security
from chassis.bodies import parse_body, read_body, read_json
from chassis.correlation import current
from chassis.etags import etag, expected_version
from chassis.idempotency import HEADER, REPLAYED, read_key
from chassis.light import LightRoute
from chassis.paging import Cursors, PageOf, next_link
from intake.api.begun_clocks import BegunClocks
from intake.api.counting import RECEIVED_BY, REPLAYS
from intake.api.describing import IF_MATCH, etag_of, json_body
from intake.api.filters import ComplaintQuery
from intake.api.handling import situation_of
from intake.api.personal_reads import ReadRecorder, may_read_personal
from intake.api.schemas import ComplaintOut, HistoryOut, ReceiptOut
from intake.api.shaping import FILES, PERSONAL, shape, shape_history
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.usecases.amend_complaint import Amend, AmendComplaint
from intake.usecases.amendment_form import AmendmentForm
from intake.usecases.complaint_form import ComplaintForm
from intake.usecases.personal_reads import ReadOperation
from intake.usecases.ports import Clock, Repeated, RequestKey
from intake.usecases.receive_complaint import Outcome, Receive, ReceiveComplaint
from intake.usecases.views import ComplaintView, Views

READ: Final = "complaints:read"
WRITE: Final = "complaints:write"
JSON: Final = "application/json"
SECURITY: Final = security(WRITE)

Reference = Annotated[
    str,
    Path(
        max_length=64,
        description="Id or number of the complaint.",
        examples=["C-10023"],
    ),
]
Reader = Annotated[Principal, requires(READ)]

_ETAG: Final = etag_of("complaint")
_REPLAY_HEADER: Final = {
    "Idempotency-Replayed": {
        "description": "true where an earlier use of the Idempotency-Key is answered again.",
        "schema": {"type": "string"},
    }
}
_NONE: Final[Mapping[str, Any]] = {}
_LOCATION: Final = {"Location": {"description": "Address of the complaint.", "schema": {"type": "string"}}}


@dataclass(frozen=True, slots=True)
class ComplaintServices:
    """What these routes need."""

    receive: ReceiveComplaint
    amend: AmendComplaint
    views: Views
    cursors: Cursors
    clock: Clock
    policy: ClosingPolicy
    reads: ReadRecorder


def complaints_router(services: ComplaintServices) -> APIRouter:
    """Make the routes."""
    receiving = APIRouter(tags=["complaints"], route_class=LightRoute)
    _add_receiving(receiving, services)
    router = APIRouter(tags=["complaints"])
    router.routes.extend(receiving.routes)
    _add_reading(router, services)
    _add_amending(router, services)
    return router


def _add_receiving(router: APIRouter, services: ComplaintServices) -> None:
    begun_clocks = BegunClocks()

    # This is the route that must be fast: it takes the request itself and pays for no dependency resolution.
    @router.post(
        "/v1/complaints",
        summary="Hand over a complaint",
        status_code=HTTPStatus.CREATED,
        responses={
            200: {
                "model": ReceiptOut,
                "description": "It was known: `outcome` says whether it is unchanged, amended or the telling was stale.",
                "headers": _ETAG | _LOCATION | _REPLAY_HEADER,
            },
            201: {
                "model": ReceiptOut,
                "description": "It is new and safely written down.",
                "headers": _ETAG | _LOCATION | _REPLAY_HEADER,
            },
        },
        openapi_extra={
            "security": SECURITY,
            "requestBody": json_body(ComplaintForm),
            "parameters": [
                {
                    "name": HEADER,
                    "in": "header",
                    "required": False,
                    "description": "Makes a repeat of this request safe where the complaint has no external_id; kept for 7 days.",
                    "schema": {"type": "string", "maxLength": 300},
                }
            ],
        },
    )
    async def receive_complaint(request: Request) -> Response:
        """Write a complaint down once, however often it is told.

        The same (source_system, external_id) is the same complaint: told again with the same content it is unchanged,
        with other content it is amended, and a telling that the source dates before the known one reverts nothing.
        Scope: complaints:write. A key of a source system speaks for that system alone.
        """
        principal = await authenticate(request, WRITE)
        body = await read_json(request)
        form = parse_body(body, ComplaintForm)
        use = read_key(request, principal, body)
        key = None if use is None else RequestKey(use.actor, use.method, use.route, use.key, use.fingerprint)
        report = form.report(own_source=principal.source_system)
        here = current()
        told = await services.receive(
            Receive(
                report,
                principal.actor,
                key,
                traceparent=here.traceparent if here else None,
                tracestate=here.tracestate if here else None,
            )
        )
        if isinstance(told, Repeated):
            outcome = Outcome.RECEIVED if told.status == HTTPStatus.CREATED else Outcome.UNCHANGED
            REPLAYS.labels(outcome.value).inc()
            view = await services.views.find(str(told.complaint_id))
            await services.reads.of_views(principal, ReadOperation.READ, [view])
            return _receipt(services, principal, view, outcome, headers=REPLAYED)
        RECEIVED_BY[form.channel, form.reported_severity, told.outcome].inc()
        if told.outcome is Outcome.RECEIVED:
            view = ComplaintView(complaint=told.complaint, updated_at=told.complaint.recorded_at)
        else:
            view = await services.views.find(str(told.complaint.id))
            await services.reads.of_views(principal, ReadOperation.READ, [view])
        clocks = {} if told.begun is None else begun_clocks.shape(told.begun, services.clock())
        return _receipt(services, principal, view, told.outcome, clocks=clocks)


def _add_reading(router: APIRouter, services: ComplaintServices) -> None:
    @router.get(
        "/v1/complaints",
        summary="List complaints",
        response_model=PageOf[ComplaintOut],
        responses={
            200: {"headers": {"Link": {"description": "The next page.", "schema": {"type": "string"}}}},
        },
    )
    async def list_complaints(
        request: Request, query: Annotated[ComplaintQuery, Query()], principal: Reader
    ) -> Response:
        """List complaints page by page, the latest received first; with `q` those that hold the words.

        Scope: complaints:read; complaints:personal besides, to see or to name who complains, which is recorded. A key of a
        source system sees that system's complaints alone. Pages stay right while complaints come in and change.
        """
        if query.complainant_reference:
            await authenticate(request, PERSONAL)
        bound = query.bound() | {"within": principal.source_system}
        page = await services.views.page(
            query.filters(services.clock()),
            sort=query.sort,
            after=services.cursors.open(query.cursor, bound),
            limit=query.limit,
            within=principal.source_system,
        )
        now, personal = services.clock(), may_read_personal(principal)
        operation = ReadOperation.LIST if query.q is None else ReadOperation.SEARCH
        await services.reads.of_views(principal, operation, page.items)
        files = FILES in principal.scopes
        situation = situation_of(principal, now, services.policy)
        cursor = None if page.next_keys is None else services.cursors.seal(page.next_keys, bound)
        body = {
            "items": [
                shape(view, now=now, personal=personal, files=files, situation=situation)
                for view in page.items
            ],
            "next_cursor": cursor,
            "has_more": cursor is not None,
        }
        headers = {} if cursor is None else {"Link": f'<{next_link(request, cursor)}>; rel="next"'}
        return Response(orjson.dumps(body), headers=headers, media_type=JSON)

    # There is no 304 here: the ETag is the complaint's own version, and what capa makes of it changes without it.
    @router.get(
        "/v1/complaints/{reference}",
        summary="Read a complaint",
        response_model=ComplaintOut,
        responses={200: {"headers": _ETAG}},
    )
    async def read_complaint(reference: Reference, principal: Reader) -> Response:
        """Read a complaint by id or number, with its triage, its nonconformity and that one's actions.

        It says what has been done about it, which steps the caller can take, and of the others what is missing.
                Scope: complaints:read; who complains is shown with complaints:personal, which is recorded.
        """
        view = await services.views.find(reference, within=principal.source_system)
        return await show(services, principal, view)

    @router.get(
        "/v1/complaints/{reference}/history",
        summary="Read a complaint's history",
        response_model=HistoryOut,
    )
    async def read_complaint_history(reference: Reference, principal: Reader) -> Response:
        """Read every change of a complaint: who, when, what and why, in a chain of hashes that is verified here.

        Scope: complaints:read; former texts and personal data are shown with complaints:personal, which is recorded.
        """
        found = await services.views.history(reference, within=principal.source_system)
        personal = may_read_personal(principal)
        if personal and any(trace.shows_words for trace in found.traces):
            await services.reads(principal, ReadOperation.HISTORY, [found.complaint_id])
        body = shape_history(found, personal=personal)
        return Response(orjson.dumps(body), media_type=JSON)


def _add_amending(router: APIRouter, services: ComplaintServices) -> None:
    @router.patch(
        "/v1/complaints/{reference}",
        summary="Amend a complaint",
        responses={
            200: {"model": ComplaintOut, "description": "The complaint as it is now.", "headers": _ETAG}
        },
        openapi_extra={
            "security": SECURITY,
            "requestBody": json_body(AmendmentForm),
            "parameters": [IF_MATCH],
        },
    )
    async def amend_complaint(request: Request, reference: Reference) -> Response:
        """Correct what is known about a complaint, with a reason.

        What is left out stays, null empties; an object or a list is replaced whole. Where nothing differs, nothing
        changes and nobody is told. Once a complaint has ended, what was judged stands (channel, severity, product, category,
        lot, site and times); texts and personal data can still be put right. Scope: complaints:write.
        """
        principal = await authenticate(request, WRITE)
        expected = expected_version(request)
        form = await read_body(request, AmendmentForm)
        here = current()
        amended = await services.amend(
            Amend(
                reference=reference,
                expected=expected,
                changes=form.changes(),
                reason=form.reason,
                actor=principal.actor,
                within=principal.source_system,
                traceparent=here.traceparent if here else None,
                tracestate=here.tracestate if here else None,
            )
        )
        view = await services.views.find(str(amended.id))
        return await show(services, principal, view)


def _shaped(
    services: ComplaintServices, principal: Principal, view: ComplaintView, *, refused: bool = False
) -> dict[str, Any]:
    now = services.clock()
    return shape(
        view,
        now=now,
        personal=PERSONAL in principal.scopes,
        files=FILES in principal.scopes,
        situation=situation_of(principal, now, services.policy),
        refused=refused,
    )


async def show(services: ComplaintServices, principal: Principal, view: ComplaintView) -> Response:
    """Answer with a complaint as the caller may see it, and put on record whom it names."""
    await services.reads.of_views(principal, ReadOperation.READ, [view])
    body = _shaped(services, principal, view, refused=True)
    return Response(orjson.dumps(body), headers={"ETag": etag(view.complaint.version)}, media_type=JSON)


def _receipt(
    services: ComplaintServices,
    principal: Principal,
    view: ComplaintView,
    outcome: Outcome,
    *,
    headers: Mapping[str, str] = _NONE,
    clocks: Mapping[str, orjson.Fragment] = _NONE,
) -> Response:
    complaint = view.complaint
    body = {**_shaped(services, principal, view), **clocks}
    body["outcome"] = outcome.value
    status = HTTPStatus.CREATED if outcome is Outcome.RECEIVED else HTTPStatus.OK
    location = {"Location": f"/v1/complaints/{complaint.id}", "ETag": etag(complaint.version)}
    return Response(orjson.dumps(body), status, {**location, **headers}, JSON)
