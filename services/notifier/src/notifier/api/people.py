"""People: add, update, load many, read, list, history, webhook steps."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from chassis.etags import etag, expected_version, is_unmodified
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page
from chassis.problems import ProblemError, at_pointer
from notifier.api.desk import VERSIONED, Desk, PeopleReader, PeopleWriter, PersonPath
from notifier.api.person_schemas import (
    EntryOut,
    HistoryOut,
    LoadedOut,
    PeopleIn,
    PeopleLoadedOut,
    PersonIn,
    PersonOut,
    PersonUpdateIn,
)
from notifier.domain.person import Change
from notifier.usecases.views import PersonFilter

TAG: Final = "People"


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1", tags=[TAG])
    _add_writes(router, desk)
    _add_reads(router, desk)
    _add_webhook_steps(router, desk)
    return router


def _add_writes(router: APIRouter, desk: Desk) -> None:
    @router.post("/people", status_code=201, summary="Add a person")
    async def add_person(body: PersonIn, request: Request, response: Response, by: PeopleWriter) -> PersonOut:
        """Add a person who can own deadlines; a webhook gets a secret, which only this answer shows."""
        change = await desk.register_person(body.details(body.id), by.actor)
        base = request.app.state.problems.base(str(request.base_url))
        response.headers["Location"] = f"{base}/v1/people/{change.person.id}"
        return _answer(response, change)

    @router.put("/people/{person_id}", summary="Update a person", openapi_extra=VERSIONED)
    async def update_person(
        person_id: PersonPath, body: PersonUpdateIn, request: Request, response: Response, by: PeopleWriter
    ) -> PersonOut:
        """Replace a person's values; a first webhook gets a secret, which only this answer shows."""
        if body.id is not None and body.id != person_id:
            detail = "The id in the body is not the one in the path."
            raise ProblemError("unacceptable", detail, errors=[at_pointer("/id", "other_id", detail)])
        change = await desk.update_person(
            body.details(person_id), by.actor, expected_version=expected_version(request)
        )
        return _answer(response, change)

    @router.post("/people:bulk", summary="Add or update many people")
    async def load_people(body: PeopleIn, by: PeopleWriter) -> PeopleLoadedOut:
        """Add or update up to 1,000 people; each item has its own result, and a refused one loses no other.

        An item with a `version` changes that version alone; one without it replaces whatever there is.
        """
        loaded = await desk.load_people([item.item() for item in body.people], by.actor)
        return PeopleLoadedOut(results=[LoadedOut.of(each) for each in loaded])


def _add_reads(router: APIRouter, desk: Desk) -> None:
    @router.get("/people", summary="List people")
    async def list_people(
        *,
        request: Request,
        response: Response,
        _: PeopleReader,
        team: Annotated[str | None, Query(max_length=100, description="Members of this team.")] = None,
        manager: Annotated[
            str | None, Query(max_length=100, description="Those whom this person manages.")
        ] = None,
        active: Annotated[bool | None, Query(description="Active ones, or inactive ones.")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[PersonOut]:
        """List people by id."""
        filters = {"list": "people", "team": team, "manager": manager, "active": active}
        wanted = PersonFilter(team=team, manager=manager, active=active)
        page = await desk.look_up.people(wanted, desk.cursors.open(cursor, filters), limit)
        items = [PersonOut.of(person) for person in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    @router.get("/people/{person_id}", summary="Read a person", response_model=PersonOut)
    async def read_person(
        person_id: PersonPath, request: Request, response: Response, _: PeopleReader
    ) -> PersonOut | Response:
        """Read a person; with If-None-Match an unchanged one is answered by 304."""
        person = await desk.look_up.person(person_id)
        if is_unmodified(request, person.version):
            return Response(status_code=304, headers={"ETag": etag(person.version)})
        response.headers["ETag"] = etag(person.version)
        return PersonOut.of(person)

    @router.get("/people/{person_id}/history", summary="Read a person's history")
    async def read_person_history(person_id: PersonPath, _: PeopleReader) -> HistoryOut:
        """List what happened to a person's record, oldest first, as a chain of hashes."""
        entries = await desk.look_up.history(person_id)
        return HistoryOut(entries=[EntryOut.of(entry) for entry in entries])


def _add_webhook_steps(router: APIRouter, desk: Desk) -> None:
    @router.post(
        "/people/{person_id}/rotate-webhook-secret",
        summary="Give a person's webhook a new secret",
        openapi_extra=VERSIONED,
    )
    async def rotate_webhook_secret(
        person_id: PersonPath, request: Request, response: Response, by: PeopleWriter
    ) -> PersonOut:
        """Make a new secret, which only this answer shows; for 24 hours the former one signs too."""
        change = await desk.rotate_webhook_secret(
            person_id, by.actor, expected_version=expected_version(request)
        )
        return _answer(response, change)

    @router.post(
        "/people/{person_id}/enable-webhook",
        summary="Switch a person's webhook on again",
        openapi_extra=VERSIONED,
    )
    async def enable_webhook(
        person_id: PersonPath, request: Request, response: Response, by: PeopleWriter
    ) -> PersonOut:
        """Let messages go again to a webhook that was switched off after it had answered 410."""
        change = await desk.enable_webhook(person_id, by.actor, expected_version=expected_version(request))
        return _answer(response, change)


def _answer(response: Response, change: Change) -> PersonOut:
    response.headers["ETag"] = etag(change.person.version)
    if change.new_secret is not None:
        response.headers["Cache-Control"] = "no-store"
    return PersonOut.of_change(change)
