"""Triage decisions: list, by complaint."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from capa.api.desk import Desk
from capa.api.schemas import DecisionOut
from chassis.auth import Principal, requires
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page

TAG = "Triage"


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/triage-decisions", tags=[TAG])

    @router.get("", summary="List triage decisions")
    async def list_triage_decisions(
        *,
        request: Request,
        response: Response,
        _: Annotated[Principal, requires("nonconformities:read")],
        complaint_id: Annotated[UUID | None, Query(description="Decisions about this complaint.")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[DecisionOut]:
        """List what was decided about complaints, newest first: the outcome, the rule, and why."""
        filters = {"list": "triage-decisions", "complaint_id": complaint_id}
        after = desk.cursors.open(cursor, filters)
        page = await desk.records.decisions(complaint_id, after, limit)
        items = [DecisionOut.of(item) for item in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    return router
