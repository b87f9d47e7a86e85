"""`/v1/complaints/{reference}/similar`: which complaints resemble one, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Principal, requires
from intake.api.answer import Answer
from intake.api.instants import instant
from intake.api.personal_reads import ReadRecorder, may_read_personal
from intake.domain.complaint import State
from intake.domain.similarity import Reason
from intake.usecases.personal_reads import ReadOperation
from intake.usecases.similar import FindSimilar, Similar

PATH: Final = "/v1/complaints/{reference}/similar"

_Reader = Annotated[Principal, requires("complaints:read")]
_Reference = Annotated[
    str, Path(max_length=64, description="Id or number of the complaint.", examples=["C-10023"])
]


class SimilarQuery(BaseModel):
    """How many, and how alike at least."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(10, ge=1, le=50, description="How many complaints are given at most.")
    least_score: float = Field(
        0.3, ge=0, le=1, description="Score that a complaint needs, from 0 to 1.", allow_inf_nan=False
    )


class ReasonOut(Answer):
    """One thing that both complaints have in common."""

    code: Reason = Field(description="What it is.", examples=["same_lot"])
    weight: float = Field(description="What it adds, from 0 to 1: the chance that it alone decides.")
    explanation: str = Field(
        description="The reason in words.", examples=["Both are about lot L-2026-07 of kettle."]
    )


class SimilarOut(Answer):
    """A complaint that resembles the one asked about."""

    id: UUID = Field(description="Id of the complaint.")
    number: str = Field(description="Number that a person can say.", examples=["C-10023"])
    source_system: str = Field(description="Where it comes from.")
    external_id: str | None = Field(description="The source's own id of it.")
    state: State = Field(description="Where the work on it stands.")
    product: str = Field(description="Code of the product or service.")
    category: str = Field(description="Code of what went wrong.")
    lot: str | None = Field(description="Code of the lot or batch.")
    site: str | None = Field(description="Code of the site that it concerns.")
    serial: str | None = Field(description="Serial number of the thing.")
    title: str | None = Field(description="The complaint in a line.")
    received_at: datetime = Field(description="When it reached the organisation.")
    score: float = Field(description="How much it resembles, from 0 to 1.", examples=[0.72])
    reasons: list[ReasonOut] = Field(description="Why, the weightiest reason first.")


class SimilarsOut(Answer):
    """The most similar complaints."""

    items: list[SimilarOut] = Field(description="The most alike first.")
    compared: int = Field(description="How many complaints had something in common and were compared.")


@dataclass(frozen=True, slots=True)
class SimilarServices:
    """What this route needs."""

    find_similar: FindSimilar
    reads: ReadRecorder


def similar_router(services: SimilarServices) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["complaints"])

    @router.get(PATH, summary="Find similar complaints", response_model=SimilarsOut)
    async def find_similar_complaints(
        reference: _Reference, query: Annotated[SimilarQuery, Query()], principal: _Reader
    ) -> Response:
        """Find complaints that may tell of the same thing, each with a score and the reasons for it in words.

        Compared are product and lot, serial number, category, the words that few others hold, and the time; with the
        scope complaints:personal also who complains, which is recorded. Scope: complaints:read.
        """
        personal = may_read_personal(principal)
        found = await services.find_similar(
            reference,
            within=principal.source_system,
            personal=personal,
            limit=query.limit,
            least=query.least_score,
        )
        same = [
            similar.candidate.id
            for similar in found.items
            if Reason.SAME_COMPLAINANT in {reason.reason for reason in similar.likeness.reasons}
        ]
        await services.reads(principal, ReadOperation.SIMILAR, same)
        body = {"items": [_shape(similar) for similar in found.items], "compared": found.compared}
        return Response(orjson.dumps(body), media_type="application/json")

    return router


def _shape(similar: Similar) -> dict[str, object]:
    candidate, traits = similar.candidate, similar.candidate.traits
    return {
        "id": str(candidate.id),
        "number": candidate.number,
        "source_system": traits.source_system,
        "external_id": candidate.external_id,
        "state": candidate.state,
        "product": traits.product,
        "category": traits.category,
        "lot": traits.lot,
        "site": candidate.site,
        "serial": traits.serial,
        "title": candidate.title,
        "received_at": instant(traits.received_at),
        "score": similar.likeness.score,
        "reasons": [
            {"code": common.reason.value, "weight": common.weight, "explanation": common.explanation}
            for common in similar.likeness.reasons
        ],
    }
