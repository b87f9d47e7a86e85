"""Signals: list, read, chart, history, and the steps confirm, dismiss and clear."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from capa.api.desk import Desk, because_of, reference_of
from capa.api.examples import CHART_SVG
from capa.api.parameters import STEP_EXTRA, CategoryQuery, ProductQuery, SiteQuery, any_of
from capa.api.report_html import FONT
from capa.api.schemas import CodeText, EntryOut
from capa.api.signal_schemas import (
    ClearSignalIn,
    ConfirmSignalIn,
    DismissSignalIn,
    SignalDetailOut,
    SignalOut,
)
from capa.domain.report.svg import svg
from capa.domain.report.time_chart import control_chart
from capa.domain.signals.signal import Signal, State
from capa.usecases.signal_reading import SignalFilter
from capa.usecases.step import Target
from chassis.auth import Principal, requires
from chassis.etags import etag, expected_version
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page
from chassis.refusing import lacking

TAG = "Signals"
APPROVE: Final = "cases:approve"
Reader = Annotated[Principal, requires("signals:read")]
Writer = Annotated[Principal, requires("signals:write")]
SignalPath = Annotated[str, Path(max_length=64, description="A signal's id or number.", examples=["S-1001"])]

_SVG: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"image/svg+xml": {"schema": {"type": "string"}, "example": CHART_SVG}},
        "description": "The chart.",
    }
}


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/signals", tags=[TAG])

    def answer(response: Response, signal: Signal) -> SignalOut:
        response.headers["ETag"] = etag(signal.version)
        return SignalOut.of(signal)

    @router.get("", summary="List signals")
    async def list_signals(
        *,
        request: Request,
        response: Response,
        _: Reader,
        state: Annotated[list[State] | None, Query(description="States; repeated, any of them.")] = None,
        watch: Annotated[list[CodeText] | None, Query(description="Watches; repeated, any of them.")] = None,
        product: ProductQuery = None,
        category: CategoryQuery = None,
        site: SiteQuery = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[SignalOut]:
        """List signals, the one raised last first."""
        wanted = SignalFilter(
            state=any_of(state),
            watch=any_of(watch),
            product=any_of(product),
            category=any_of(category),
            site=any_of(site),
        )
        filters = {
            "list": "signals",
            "state": wanted.state,
            "watch": wanted.watch,
            "product": wanted.product,
            "category": wanted.category,
            "site": wanted.site,
        }
        page = await desk.signal_records.signals(wanted, desk.cursors.open(cursor, filters), limit)
        items = [SignalOut.of(item) for item in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get("/{signal_id}", summary="Read a signal")
    async def read_signal(signal_id: SignalPath, response: Response, _: Reader) -> SignalDetailOut:
        """Read one signal by id or number, with the chart that is its evidence as data."""
        signal = await desk.signal_records.signal(reference_of(signal_id))
        response.headers["ETag"] = etag(signal.version)
        return SignalDetailOut.of_whole(signal)

    @router.get(
        "/{signal_id}/chart.svg", summary="Draw a signal's chart", response_class=Response, responses=_SVG
    )
    async def draw_signal(signal_id: SignalPath, _: Reader) -> Response:
        """Draw the chart as it was when the signal was raised."""
        signal = await desk.signal_records.signal(reference_of(signal_id))
        episode = signal.episode
        title = f"{signal.number}: {episode.about}, {episode.rule} ({episode.evidence['chart']})"
        drawn = svg(control_chart(title, episode.evidence), font=FONT, name="chart")
        return Response(drawn, media_type="image/svg+xml")

    @router.get("/{signal_id}/history", summary="Read a signal's history")
    async def read_signal_history(
        signal_id: SignalPath,
        request: Request,
        response: Response,
        _: Reader,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[EntryOut]:
        """List what happened to a signal, oldest first, as a chain of hashes."""
        filters = {"history": signal_id}
        after = desk.cursors.open(cursor, filters)
        page = await desk.signal_records.signal_history(reference_of(signal_id), after, limit)
        items = [EntryOut.of(entry) for entry in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.post("/{signal_id}/confirm", summary="Confirm a signal", openapi_extra=STEP_EXTRA)
    async def confirm_signal(
        signal_id: SignalPath, body: ConfirmSignalIn, request: Request, response: Response, by: Writer
    ) -> SignalOut:
        """Take a signal for real: it raises a nonconformity from its evidence, or joins one that is open.

        The recurrence of a closed case opens that case again or requests a successor; this needs `cases:approve` too.
        """
        await _require_approver(desk, signal_id, by)
        signal = await desk.confirm(
            _target(signal_id, request), reason=body.reason, follow=body.follow, cause=because_of(by)
        )
        return answer(response, signal)

    @router.post("/{signal_id}/dismiss", summary="Dismiss a signal", openapi_extra=STEP_EXTRA)
    async def dismiss_signal(
        signal_id: SignalPath, body: DismissSignalIn, request: Request, response: Response, by: Writer
    ) -> SignalOut:
        """Take a signal for no trend, for a reason; what was its evidence raises none again."""
        signal = await desk.dismiss(_target(signal_id, request), reason=body.reason, cause=because_of(by))
        return answer(response, signal)

    @router.post("/{signal_id}/clear", summary="Clear a signal", openapi_extra=STEP_EXTRA)
    async def clear_signal(
        signal_id: SignalPath, body: ClearSignalIn, request: Request, response: Response, by: Writer
    ) -> SignalOut:
        """End a confirmed signal, and begin a new phase of its chart where the level has moved for good."""
        signal = await desk.clear(
            _target(signal_id, request),
            reason=body.reason,
            new_phase_from=body.new_phase_from,
            cause=because_of(by),
        )
        return answer(response, signal)

    return router


async def _require_approver(desk: Desk, signal_id: str, by: Principal) -> None:
    """Refuse whoever may not open cases again, where that is what confirming a signal may do."""
    if APPROVE in by.scopes:
        return
    signal = await desk.signal_records.signal(reference_of(signal_id))
    if signal.episode.case_id is not None:
        raise lacking(f"Confirming the recurrence of a case needs the scope {APPROVE}.", [APPROVE])


def _target(signal_id: str, request: Request) -> Target:
    return Target(reference_of(signal_id), expected_version(request))
