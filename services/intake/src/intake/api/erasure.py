"""Holds, and the erasure of personal data: `/v1/complaints/{reference}/hold`, `/erasure`, `/v1/complainants/erasure`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response
from prometheus_client import Counter
from pydantic import Field

from chassis.auth import Principal, authenticate, requires, security
from chassis.bodies import read_body
from chassis.etags import etag, expected_version
from intake.api.answer import Answer
from intake.api.complaints import Reference
from intake.api.describing import json_body
from intake.api.instants import instant
from intake.domain.erasure import Basis, Order
from intake.domain.errors import ErasureHeld, ForeignSource
from intake.domain.retention import Hold
from intake.usecases.erase_complaint import EraseComplaint, EraseOne
from intake.usecases.erase_person import ErasePerson, ErasePersonOf, PersonOutcome
from intake.usecases.erasure_form import ErasureForm, HoldForm, PersonErasureForm
from intake.usecases.hold_complaint import HoldComplaint, LetGo, PlaceHold, ReleaseHold
from intake.usecases.holds import HoldViews
from intake.usecases.ports import Clock

HOLD: Final = "complaints:hold"
ERASE: Final = "complaints:erase"
HOLD_PATH: Final = "/v1/complaints/{reference}/hold"

ERASURES: Final = Counter(
    "complaint_erasures_requested_total",
    "Complaints whose personal data somebody asked to erase, by what came of it: erased, unchanged where it was erased "
    "before, or held. Rehearsals and erasures by retention are not among them.",
    ["outcome"],
)
_ERASED, _UNCHANGED, _HELD = "erased", "unchanged", "held"
for _outcome in (_ERASED, _UNCHANGED, _HELD):
    ERASURES.labels(_outcome)

_JSON: Final = "application/json"
_Reader = Annotated[Principal, requires("complaints:read")]
_Holder = Annotated[Principal, requires(HOLD)]


class HoldOut(Answer):
    """What keeps a complaint's personal data."""

    reason: str = Field(description="Why.", examples=["Litigation 7 O 118/26"])
    until: datetime | None = Field(description="Until when; null until it is released.")
    placed_by: str = Field(description="Who placed it.", examples=["person:petra.privacy"])
    placed_at: datetime = Field(description="When it was placed.")


class HoldAnswer(Answer):
    """The hold of a complaint."""

    hold: HoldOut | None = Field(description="The hold, null where there is none.")


class ErasureOut(Answer):
    """What was erased."""

    complaint_id: UUID = Field(description="Id of the complaint.")
    number: str = Field(description="Number of the complaint, which it keeps.", examples=["C-10023"])
    version: int = Field(description="Version of the complaint now, as in the ETag.")
    erased_at: datetime = Field(description="When its personal data was erased.")
    erased: list[str] = Field(
        description="What went now; empty where it had gone before.",
        examples=[["complainant", "description", "history"]],
    )
    files: int = Field(description="How many attachments lost their content now.")


class OfPersonOut(Answer):
    """What came of one complaint of the person."""

    complaint_id: UUID = Field(description="Id of the complaint.")
    number: str = Field(description="Number of the complaint.", examples=["C-10023"])
    outcome: PersonOutcome = Field(
        description="erased; history_erased where it named the person in the past alone; or held."
    )
    reason: str | None = Field(description="What holds it.")
    until: datetime | None = Field(description="Until when it is held; null also where that is open.")


class PersonErasureOut(Answer):
    """What came of all complaints of the person."""

    dry_run: bool = Field(description="Whether nothing was changed.")
    items: list[OfPersonOut] = Field(description="The complaints that name the person, the oldest first.")


@dataclass(frozen=True, slots=True)
class ErasureServices:
    """What these routes need."""

    hold: HoldComplaint
    release: ReleaseHold
    holds: HoldViews
    erase: EraseComplaint
    erase_person: ErasePerson
    clock: Clock


def erasure_router(services: ErasureServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["personal data"])
    _add_holding(router, services)
    _add_erasing(router, services)
    return router


def _add_holding(router: APIRouter, services: ErasureServices) -> None:
    @router.get(HOLD_PATH, summary="Read what holds a complaint", response_model=HoldAnswer)
    async def read_hold(reference: Reference, principal: _Reader) -> Response:
        """Read why, and until when, a complaint's personal data is kept from being erased. Scope: complaints:read."""
        return _held(await services.holds.of(reference, within=principal.source_system))

    @router.post(
        HOLD_PATH,
        summary="Hold a complaint's personal data",
        response_model=HoldAnswer,
        openapi_extra={"security": security(HOLD), "requestBody": json_body(HoldForm)},
    )
    async def hold_complaint(request: Request, reference: Reference) -> Response:
        """Keep a complaint's personal data from being erased, on request as by retention.

        Another hold replaces the one that there is; the history keeps each with its reason. Scope: complaints:hold.
        """
        principal = await authenticate(request, HOLD)
        form = await read_body(request, HoldForm)
        command = PlaceHold(reference, form.reason, form.until, principal.actor, principal.source_system)
        return _held(await services.hold(command))

    @router.delete(
        HOLD_PATH, summary="Release the hold of a complaint's personal data", response_model=HoldAnswer
    )
    async def release_hold(
        reference: Reference,
        principal: _Holder,
        reason: Annotated[
            str,
            Query(
                min_length=3,
                max_length=500,
                description="Why, for the history; without personal data.",
                examples=["The case is closed"],
            ),
        ],
    ) -> Response:
        """Let go of a complaint's personal data; where nothing holds it, nothing changes. Scope: complaints:hold."""
        await services.release(LetGo(reference, reason, principal.actor, principal.source_system))
        return _held(None)


def _add_erasing(router: APIRouter, services: ErasureServices) -> None:
    @router.post(
        "/v1/complaints/{reference}/erasure",
        summary="Erase a complaint's personal data",
        responses={
            200: {
                "model": ErasureOut,
                "description": "The personal data is gone.",
                "headers": {"ETag": {"description": "Version now.", "schema": {"type": "string"}}},
            }
        },
        openapi_extra={
            "security": security(ERASE),
            "requestBody": json_body(ErasureForm),
            "parameters": [
                {
                    "name": "If-Match",
                    "in": "header",
                    "required": True,
                    "description": "ETag of the version that was read, or * for any.",
                    "schema": {"type": "string", "maxLength": 300},
                }
            ],
        },
    )
    async def erase_complaint(request: Request, reference: Reference) -> Response:
        """Erase who complains, and the texts and files that may hold personal data, for good.

        The complaint stays with its number, codes and times, and so do all figures; its history still verifies and says
        that, why and by whom it was erased. What its source tells later changes codes and times alone. Doing it again
        changes nothing. A hold, or a rule of retention, refuses it. Scope: complaints:erase.
        """
        principal = await authenticate(request, ERASE)
        expected = expected_version(request)
        order = _order(await read_body(request, ErasureForm), principal, services.clock())
        command = EraseOne(reference, order, expected, principal.source_system)
        try:
            done = await services.erase(command)
        except ErasureHeld:
            ERASURES.labels(_HELD).inc()
            raise
        ERASURES.labels(_ERASED if done.names else _UNCHANGED).inc()
        complaint = done.complaint
        body = {
            "complaint_id": str(complaint.id),
            "number": complaint.number,
            "version": complaint.version,
            "erased_at": instant(complaint.erased_at),
            "erased": list(done.names),
            "files": done.files,
        }
        return Response(orjson.dumps(body), headers={"ETag": etag(complaint.version)}, media_type=_JSON)

    @router.post(
        "/v1/complainants/erasure",
        summary="Erase a person from all complaints of a source",
        response_model=PersonErasureOut,
        openapi_extra={"security": security(ERASE), "requestBody": json_body(PersonErasureForm)},
    )
    async def erase_complainant(request: Request) -> Response:
        """Erase every complaint that names a person by the source's own id, each as if it were asked for alone.

        Complaints that named the person in the past lose what stands beside their history. One that is held is told of
        and stops no other. With `dry_run` nothing is changed. A repeat goes on where an earlier one broke off. Scope:
        complaints:erase.
        """
        principal = await authenticate(request, ERASE)
        form = await read_body(request, PersonErasureForm)
        own = principal.source_system
        if own is not None and form.source_system != own:
            raise ForeignSource(own)
        order = _order(form, principal, services.clock())
        told = await services.erase_person(
            ErasePersonOf(form.source_system, form.reference, order, form.dry_run)
        )
        if not form.dry_run:
            for one in told:
                ERASURES.labels(_HELD if one.outcome is PersonOutcome.HELD else _ERASED).inc()
        body = {
            "dry_run": form.dry_run,
            "items": [
                {
                    "complaint_id": str(one.complaint_id),
                    "number": one.number,
                    "outcome": one.outcome.value,
                    "reason": one.reason,
                    "until": instant(one.until),
                }
                for one in told
            ],
        }
        return Response(orjson.dumps(body), media_type=_JSON)


def _order(form: ErasureForm, principal: Principal, now: datetime) -> Order:
    return Order(
        basis=Basis.REQUEST,
        reason=form.reason,
        requested_at=form.requested_at or now,
        actor=principal.actor,
    )


def _held(hold: Hold | None) -> Response:
    body = {"hold": None if hold is None else shape_hold(hold)}
    return Response(orjson.dumps(body), media_type=_JSON)


def shape_hold(hold: Hold) -> dict[str, Any]:
    """Write a hold as plain JSON."""
    return {
        "reason": hold.reason,
        "until": instant(hold.until),
        "placed_by": hold.placed_by,
        "placed_at": instant(hold.placed_at),
    }
