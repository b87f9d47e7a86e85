"""`/v1/complaints/{reference}/personal-reads`: who was shown personal data of a complaint."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from chassis.auth import Principal, requires
from chassis.paging import DEFAULT_LIMIT, Cursor, Cursors, Limit, PageOf, render_page
from intake.api.answer import Answer
from intake.api.complaints import Reference
from intake.usecases.personal_reads import PersonalReads, ReadOperation

PATH: Final = "/v1/complaints/{reference}/personal-reads"
SCOPE: Final = "personal-reads:read"

_Reader = Annotated[Principal, requires(SCOPE)]


class PersonalReadOut(Answer):
    """One answer that showed personal data of the complaint."""

    id: UUID = Field(description="Id of the record.")
    at: datetime = Field(description="When it was read.")
    actor: str = Field(description="Who read it.", examples=["person:anna.berg"])
    key_id: str = Field(description="Id of the API key, or of the access token's kind, that was used.")
    operation: ReadOperation = Field(description="What showed it.", examples=["history"])
    complaints: int = Field(description="Of how many complaints the same answer showed personal data.")


@dataclass(frozen=True, slots=True)
class PersonalReadServices:
    """What this route needs."""

    reads: PersonalReads
    cursors: Cursors


def personal_reads_router(services: PersonalReadServices) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["personal data"])

    @router.get(PATH, summary="List reads of personal data")
    async def list_personal_reads(
        request: Request,
        response: Response,
        reference: Reference,
        principal: _Reader,
        *,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[PersonalReadOut]:
        """List who was shown who complains, texts of the past or attachments of a complaint, the newest first.

        Each read is recorded before anything is sent, and refused where it cannot be. The record names no complainant
        and outlives an erasure. Scope: personal-reads:read.
        """
        bound = {"reference": reference, "within": principal.source_system}
        page = await services.reads.page(
            reference,
            within=principal.source_system,
            after=services.cursors.open(cursor, bound),
            limit=limit,
        )
        items = [
            PersonalReadOut(
                id=read.id,
                at=read.at,
                actor=read.actor,
                key_id=read.key_id,
                operation=ReadOperation(read.operation),
                complaints=len(read.complaints),
            )
            for read in page.items
        ]
        return render_page(request, response, page, items, cursors=services.cursors, filters=bound)

    return router
