"""Cases: list, request, read, history, what is similar, signatures, actions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from capa.api.action_bodies import GiveActionIn
from capa.api.case_answers import CaseDetailOut, CaseOut, SignaturesOut, SimilarListOut, SimilarOut
from capa.api.case_bodies import RequestCaseIn
from capa.api.counters import count_case_step
from capa.api.desk import Desk, because_of, reference_of
from capa.api.parameters import (
    STEP_EXTRA,
    CasePath,
    CategoryQuery,
    ClosedFrom,
    ClosedTo,
    ProductQuery,
    SeverityQuery,
    any_of,
)
from capa.api.schemas import ActionOut, CodeText, EntryOut
from capa.domain.case.case import State, Step
from capa.domain.case.guards import Circumstances
from capa.domain.risk import Level
from capa.usecases.case_reading import CaseFilter
from capa.usecases.give_action import CaseTarget
from chassis.auth import Principal, requires
from chassis.etags import etag, expected_version
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page

TAG = "Cases"
Reader = Annotated[Principal, requires("cases:read")]
Writer = Annotated[Principal, requires("cases:write")]


async def case_answer(desk: Desk, reference: UUID | str, response: Response, by: Principal) -> CaseDetailOut:
    """Read a case for whoever asks."""
    view = await desk.case_records.case(reference)
    response.headers["ETag"] = etag(view.case.version)
    around = Circumstances(
        by=str(by.actor),
        rights=by.scopes,
        now=desk.clock(),
        policy=desk.case_policy,
        actions=view.actions,
    )
    return CaseDetailOut.detailed(view.case, around)


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/cases", tags=[TAG])

    @router.get("", summary="List cases")
    async def list_cases(
        *,
        request: Request,
        response: Response,
        _: Reader,
        state: Annotated[list[State] | None, Query(description="States; repeated, any of them.")] = None,
        severity: SeverityQuery = None,
        risk: Annotated[
            list[Level] | None, Query(description="Levels of risk; repeated, any of them.")
        ] = None,
        product: ProductQuery = None,
        category: CategoryQuery = None,
        owner: Annotated[list[CodeText] | None, Query(description="Owners; repeated, any of them.")] = None,
        approver: Annotated[
            list[CodeText] | None, Query(description="Approvers; repeated, any of them.")
        ] = None,
        nonconformity_id: Annotated[UUID | None, Query(description="Cases that answer this one.")] = None,
        recurrence_of: Annotated[UUID | None, Query(description="Successors of this case.")] = None,
        overdue: Annotated[bool | None, Query(description="A clock has run out now, or none has.")] = None,
        closed_from: ClosedFrom = None,
        closed_to: ClosedTo = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[CaseOut]:
        """List cases, the one requested last first."""
        now = desk.clock()
        wanted = CaseFilter(
            state=any_of(state),
            severity=any_of(severity),
            risk=any_of(risk),
            product=any_of(product),
            category=any_of(category),
            owner=any_of(owner),
            approver=any_of(approver),
            nonconformity_id=nonconformity_id,
            recurrence_of=recurrence_of,
            overdue=overdue,
            closed_from=closed_from,
            closed_to=closed_to,
        )
        filters = {"list": "cases"} | {name: getattr(wanted, name) for name in CaseFilter.__slots__}
        page = await desk.case_records.cases(wanted, desk.cursors.open(cursor, filters), limit, now=now)
        items = [CaseOut.of(item, now) for item in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.post("", status_code=201, summary="Request a case")
    async def request_case(body: RequestCaseIn, response: Response, by: Writer) -> CaseDetailOut:
        """Ask for a corrective-action case, or for the successor of an ended one; it waits to be screened."""
        case = await desk.request_case(body.value(), because_of(by))
        response.headers["Location"] = f"/v1/cases/{case.id}"
        return await case_answer(desk, case.id, response, by)

    @router.get("/{case_id}", summary="Read a case")
    async def read_case(case_id: CasePath, response: Response, by: Reader) -> CaseDetailOut:
        """Read one case by id or number: what is in it, what the caller can do with it, and why not the rest."""
        return await case_answer(desk, reference_of(case_id), response, by)

    @router.get("/{case_id}/history", summary="Read a case's history")
    async def read_case_history(
        case_id: CasePath,
        request: Request,
        response: Response,
        _: Reader,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[EntryOut]:
        """List what happened to a case, oldest first, as a chain of hashes."""
        filters = {"history": case_id}
        after = desk.cursors.open(cursor, filters)
        page = await desk.case_records.case_history(reference_of(case_id), after, limit)
        items = [EntryOut.of(entry) for entry in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get("/{case_id}/similar", summary="Find what is similar elsewhere")
    async def find_similar_of_case(case_id: CasePath, _: Reader) -> SimilarListOut:
        """Find nonconformities and cases, open and closed, of the same product, category or kind of cause."""
        found = await desk.case_records.similar(reference_of(case_id))
        return SimilarListOut(items=[SimilarOut.of(each) for each in found])

    @router.get("/{case_id}/signatures", summary="Read a case's signatures")
    async def read_case_signatures(case_id: CasePath, _: Reader) -> SignaturesOut:
        """Read every signature with the part as it was signed; `python -m capa verify-signatures` checks such an answer."""
        case, parts = await desk.case_records.signatures(reference_of(case_id))
        return SignaturesOut.of(case, list(parts))

    @router.post(
        "/{case_id}/actions", status_code=201, summary="Add an action to a case", openapi_extra=STEP_EXTRA
    )
    async def add_case_action(
        case_id: CasePath, body: GiveActionIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Add an action; containments and corrections begin at once, all others when the plan is approved."""
        target = CaseTarget(reference_of(case_id), expected_version(request))
        action = await desk.give_action.to_case(target, body.wanted(), because_of(by))
        count_case_step(Step.ADD_ACTION)
        response.headers["ETag"] = etag(action.version)
        response.headers["Location"] = f"/v1/actions/{action.id}"
        return ActionOut.of(action, desk.clock())

    return router
