"""`/v1/complaints/{reference}/timeline`: everything that happened, in one order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Principal, requires
from chassis.paging import DEFAULT_LIMIT, MAXIMAL_LIMIT, Cursors, PageOf, next_link
from intake.api.answer import Answer
from intake.api.complaints import Reference
from intake.api.instants import instant
from intake.api.personal_reads import ReadRecorder, may_read_personal
from intake.domain.timeline import Kind
from intake.usecases.personal_reads import ReadOperation
from intake.usecases.timeline import TimelineEntry, Timelines, TimelineSort

PATH: Final = "/v1/complaints/{reference}/timeline"

_Reader = Annotated[Principal, requires("complaints:read")]


class TimelineQuery(BaseModel):
    """Which entries, and in which order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: list[Kind] = Field([], description="Kinds of entries; all where none is named.")
    sort: TimelineSort = Field("at", description="at: the oldest first; -at: the newest first.")
    limit: int = Field(
        DEFAULT_LIMIT, ge=1, le=MAXIMAL_LIMIT, description="How many entries a page has at most."
    )
    cursor: str | None = Field(
        None, max_length=1_024, description="`next_cursor` of the page before, with the same filters."
    )


class TimelineOut(Answer):
    """One thing that happened."""

    kind: Kind = Field(
        description="step: something was done to the complaint. case: its triage, nonconformity and actions. clock: a clock of the complaint "
        "started, was paused, ran on, was met, missed (`by_seconds` is by how much), voided or counted anew, or a deadline came or "
        "passed. notice: somebody was told, or could not be. message: what was told or asked of the complainant, and "
        "what they said about the answer."
    )
    action: str = Field(description="What happened.", examples=["amended"])
    at: datetime = Field(description="When it happened; of a step, not when it was written down.")
    actor: str = Field(description="Who did it.", examples=["person:anna.berg"])
    subject_kind: str = Field(
        description="What it happened to: complaint, nonconformity or action.", examples=["complaint"]
    )
    subject_id: UUID = Field(description="Id of that.")
    changes: dict[str, Any] = Field(
        description="Codes, times and numbers by name; a pair is [before, after]. `withheld` names the texts and personal data "
        "that changed too."
    )
    reason: str = Field(description="Why, where somebody said it.")
    position: int | None = Field(
        description="Its place in the hash-chained history; null where another service told it."
    )
    withheld: dict[str, Any] | None = Field(
        None,
        description="Those texts and personal data as [before, after]; left out without the scope complaints:personal, null "
        "where there are none or they were erased.",
    )


@dataclass(frozen=True, slots=True)
class TimelineServices:
    """What this route needs."""

    timelines: Timelines
    cursors: Cursors
    reads: ReadRecorder


def timeline_router(services: TimelineServices) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["complaints"])

    @router.get(
        PATH,
        summary="Read a complaint's timeline",
        response_model=PageOf[TimelineOut],
        responses={
            200: {"headers": {"Link": {"description": "The next page.", "schema": {"type": "string"}}}},
        },
    )
    async def read_complaint_timeline(
        request: Request, reference: Reference, query: Annotated[TimelineQuery, Query()], principal: _Reader
    ) -> Response:
        """Read page by page what happened to a complaint: steps, clocks, messages, what capa decided and does, notices.

        Entries come by their time; one that another service tells late is put where it belongs. Scope: complaints:read;
        former texts and personal data are shown with complaints:personal, which is recorded.
        """
        bound = {
            "reference": reference,
            "kind": sorted(query.kind),
            "sort": query.sort,
            "within": principal.source_system,
        }
        complaint_id, page = await services.timelines.page(
            reference,
            within=principal.source_system,
            kinds=query.kind,
            sort=query.sort,
            after=services.cursors.open(query.cursor, bound),
            limit=query.limit,
        )
        personal = may_read_personal(principal)
        if personal and any(entry.withheld is not None for entry in page.items):
            await services.reads(principal, ReadOperation.TIMELINE, [complaint_id])
        cursor = None if page.next_keys is None else services.cursors.seal(page.next_keys, bound)
        body = {
            "items": [shape_entry(entry, personal=personal) for entry in page.items],
            "next_cursor": cursor,
            "has_more": cursor is not None,
        }
        headers = {} if cursor is None else {"Link": f'<{next_link(request, cursor)}>; rel="next"'}
        return Response(orjson.dumps(body), headers=headers, media_type="application/json")

    return router


def shape_entry(entry: TimelineEntry, *, personal: bool) -> dict[str, Any]:
    """Write an entry as plain JSON; former texts and personal data only where `personal`."""
    shaped: dict[str, Any] = {
        "kind": entry.kind.value,
        "action": entry.action,
        "at": instant(entry.at),
        "actor": entry.actor,
        "subject_kind": entry.subject_kind,
        "subject_id": str(entry.subject_id),
        "changes": entry.changes,
        "reason": entry.reason,
        "position": entry.position,
    }
    if personal:
        shaped["withheld"] = entry.withheld
    return shaped
