"""Actions: list, read, history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from capa.api.desk import Desk, reference_of
from capa.api.parameters import ActionPath, ProductQuery, SeverityQuery, any_of
from capa.api.schemas import ActionDetailOut, ActionOut, CodeText, EntryOut
from capa.domain.action import State
from capa.usecases.reading import ActionFilter
from chassis.auth import Principal, requires
from chassis.etags import etag
from chassis.instants import Instant
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page

TAG = "Actions"
Reader = Annotated[Principal, requires("actions:read")]


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/actions", tags=[TAG])

    @router.get("", summary="List actions")
    async def list_actions(
        *,
        request: Request,
        response: Response,
        _: Reader,
        owner: Annotated[list[CodeText] | None, Query(description="Owners; repeated, any of them.")] = None,
        team: Annotated[list[CodeText] | None, Query(description="Teams; repeated, any of them.")] = None,
        severity: SeverityQuery = None,
        product: ProductQuery = None,
        state: Annotated[list[State] | None, Query(description="States; repeated, any of them.")] = None,
        nonconformity_id: Annotated[UUID | None, Query(description="Actions of this nonconformity.")] = None,
        case_id: Annotated[UUID | None, Query(description="Actions of this case.")] = None,
        due_before: Annotated[Instant | None, Query(description="Due before then.")] = None,
        overdue: Annotated[
            bool | None, Query(description="Open and past the due instant now, or not so.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[ActionOut]:
        """List actions, the one due first first."""
        now = desk.clock()
        wanted = ActionFilter(
            owner=any_of(owner),
            team=any_of(team),
            severity=any_of(severity),
            product=any_of(product),
            state=any_of(state),
            nonconformity_id=nonconformity_id,
            case_id=case_id,
            due_before=due_before,
            overdue=overdue,
        )
        filters = {
            "list": "actions",
            "owner": wanted.owner,
            "team": wanted.team,
            "severity": wanted.severity,
            "product": wanted.product,
            "state": wanted.state,
            "nonconformity_id": nonconformity_id,
            "case_id": case_id,
            "due_before": due_before,
            "overdue": overdue,
        }
        page = await desk.records.actions(wanted, desk.cursors.open(cursor, filters), limit, now=now)
        items = [ActionOut.of(item, now) for item in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get("/{action_id}", summary="Read an action")
    async def read_action(action_id: ActionPath, response: Response, _: Reader) -> ActionDetailOut:
        """Read one action by id or number: what can be done with it, why it is due then, and who was told."""
        view = await desk.records.action(reference_of(action_id))
        response.headers["ETag"] = etag(view.action.version)
        return ActionDetailOut.of_view(view, desk.clock())

    @router.get("/{action_id}/history", summary="Read an action's history")
    async def read_action_history(
        action_id: ActionPath,
        request: Request,
        response: Response,
        _: Reader,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[EntryOut]:
        """List what happened to an action, oldest first, as a chain of hashes."""
        filters = {"history": action_id}
        after = desk.cursors.open(cursor, filters)
        page = await desk.records.action_history(reference_of(action_id), after, limit)
        items = [EntryOut.of(entry) for entry in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    return router
