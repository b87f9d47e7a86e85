"""Nonconformities: list, read, history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from capa.api.desk import Desk, reference_of
from capa.api.nonconformity_answers import NonconformityDetailOut, NonconformityOut
from capa.api.parameters import CategoryQuery, NonconformityPath, ProductQuery, SeverityQuery, any_of
from capa.api.schemas import CodeText, EntryOut
from capa.domain.nonconformity import State
from capa.usecases.reading import NonconformityFilter
from chassis.auth import Principal, requires
from chassis.etags import etag
from chassis.instants import Instant
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page

TAG = "Nonconformities"
Reader = Annotated[Principal, requires("nonconformities:read")]


async def nonconformity_answer(
    desk: Desk, reference: UUID | str, response: Response
) -> NonconformityDetailOut:
    """Read a nonconformity with what belongs to it."""
    view = await desk.records.nonconformity(reference)
    response.headers["ETag"] = etag(view.nonconformity.version)
    return NonconformityDetailOut.of_view(view, desk.clock())


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/nonconformities", tags=[TAG])

    @router.get("", summary="List nonconformities")
    async def list_nonconformities(
        *,
        request: Request,
        response: Response,
        _: Reader,
        product: ProductQuery = None,
        category: CategoryQuery = None,
        site: Annotated[
            list[CodeText] | None,
            Query(
                description="Sites; repeated, any of them: a complaint that names one of them belongs to it."
            ),
        ] = None,
        severity: SeverityQuery = None,
        state: Annotated[list[State] | None, Query(description="States; repeated, any of them.")] = None,
        raised_from: Annotated[Instant | None, Query(description="Raised then or later.")] = None,
        raised_to: Annotated[Instant | None, Query(description="Raised before then.")] = None,
        complaint_id: Annotated[
            UUID | None, Query(description="The one that this complaint is linked to.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[NonconformityOut]:
        """List nonconformities, the one raised last first."""
        wanted = NonconformityFilter(
            product=any_of(product),
            category=any_of(category),
            severity=any_of(severity),
            state=any_of(state),
            raised_from=raised_from,
            raised_to=raised_to,
            complaint_id=complaint_id,
            site=any_of(site),
        )
        filters = {
            "list": "nonconformities",
            "product": wanted.product,
            "category": wanted.category,
            "severity": wanted.severity,
            "state": wanted.state,
            "raised_from": raised_from,
            "raised_to": raised_to,
            "complaint_id": complaint_id,
            "site": wanted.site,
        }
        page = await desk.records.nonconformities(wanted, desk.cursors.open(cursor, filters), limit)
        items = [NonconformityOut.of(item) for item in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get("/{nonconformity_id}", summary="Read a nonconformity")
    async def read_nonconformity(
        nonconformity_id: NonconformityPath, response: Response, _: Reader
    ) -> NonconformityDetailOut:
        """Read one nonconformity by id or number, with its complaints and actions."""
        return await nonconformity_answer(desk, reference_of(nonconformity_id), response)

    @router.get("/{nonconformity_id}/history", summary="Read a nonconformity's history")
    async def read_nonconformity_history(
        nonconformity_id: NonconformityPath,
        request: Request,
        response: Response,
        _: Reader,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[EntryOut]:
        """List what happened to a nonconformity, oldest first, as a chain of hashes."""
        filters = {"history": nonconformity_id}
        after = desk.cursors.open(cursor, filters)
        page = await desk.records.nonconformity_history(reference_of(nonconformity_id), after, limit)
        items = [EntryOut.of(entry) for entry in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    return router
