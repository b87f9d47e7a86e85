"""`/v1/complaints/by-external-id/…`: complaints by the id that their source has for them."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Path, Request, Response

from chassis.auth import Principal, requires
from chassis.bodies import read_body
from chassis.correlation import current
from chassis.etags import expected_version
from intake.api.complaints import ComplaintServices, show
from intake.api.crm_schemas import CrmStatusForm
from intake.api.describing import IF_MATCH, etag_of, json_body
from intake.api.schemas import ComplaintOut
from intake.domain.errors import NoSuchComplaint
from intake.usecases.note_crm_status import NoteCrmStatus, NoteStatus

PATH: Final = "/v1/complaints/by-external-id/{source_system}/{external_id:path}"
STATUS: Final = "/crm-status"
OWN: Final = "-"
"""Stands for the source system of the key; no code of a source system reads so."""

_BEGIN: Final = "/by-external-id/"
_ETAG: Final = etag_of("complaint")

SourceSystem = Annotated[
    str,
    Path(max_length=300, description="Source system; `-` for the key's own.", examples=["crm"]),
]
ExternalIdPart = Annotated[
    str,
    Path(
        max_length=1_000,
        description="The source's own id, percent-encoded, a slash in it too.",
        examples=["CASE-2026-0815"],
    ),
]
Reader = Annotated[Principal, requires("complaints:read")]
Writer = Annotated[Principal, requires("complaints:write")]


@dataclass(frozen=True, slots=True)
class ExternalIdServices:
    """What these routes need."""

    complaints: ComplaintServices
    note: NoteCrmStatus


def external_ids_router(services: ExternalIdServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["complaints"])

    @router.put(
        PATH + STATUS,
        summary="Note the source's own status",
        response_model=ComplaintOut,
        responses={200: {"headers": _ETAG}},
        openapi_extra={
            "requestBody": json_body(CrmStatusForm),
            "parameters": [IF_MATCH],
        },
    )
    async def note_crm_status(
        source_system: SourceSystem,
        external_id: ExternalIdPart,
        principal: Writer,
        request: Request,
    ) -> Response:
        """Keep where the source's own work on a complaint stands: its code, since when, its reference, a note.

        It replaces what was said before; a repeat changes nothing. Scope: complaints:write. A key of a source system
        reaches that system's complaints alone.
        """
        named = _named(request, principal, (source_system, external_id), suffix=STATUS)
        expected = expected_version(request)
        form = await read_body(request, CrmStatusForm)
        here = current()
        await services.note(
            NoteStatus(
                source_system=named[0],
                external_id=named[1],
                expected=expected,
                code=form.code,
                reference=form.reference,
                note=form.note,
                at=form.at,
                actor=principal.actor,
                traceparent=here.traceparent if here else None,
                tracestate=here.tracestate if here else None,
            )
        )
        return await _shown(services, principal, named)

    @router.get(
        PATH,
        summary="Read a complaint by its source's id",
        response_model=ComplaintOut,
        responses={200: {"headers": _ETAG}},
    )
    async def read_by_external_id(
        source_system: SourceSystem, external_id: ExternalIdPart, principal: Reader, request: Request
    ) -> Response:
        """Read a complaint by (source system, external id), as by its own id.

        Scope: complaints:read; who complains is shown with complaints:personal, which is recorded.
        """
        named = _named(request, principal, (source_system, external_id))
        return await _shown(services, principal, named)

    return router


def _named(
    request: Request, principal: Principal, decoded: tuple[str, str], *, suffix: str = ""
) -> tuple[str, str]:
    """Tell which complaint a path names; raises NoSuchComplaint where it is another source's."""
    source, external_id = decoded
    raw = request.scope.get("raw_path")
    if raw:
        # The path comes decoded, so that a slash within a name could not be told from one between two names.
        rest = bytes(raw).decode("latin-1").partition("?")[0].partition(_BEGIN)[2]
        source, _, external_id = rest.removesuffix(suffix).partition("/")
        source, external_id = unquote(source), unquote(external_id)
    own = principal.source_system
    if source == OWN and own is not None:
        source = own
    if own not in {None, source}:
        raise NoSuchComplaint
    return source, external_id


async def _shown(services: ExternalIdServices, principal: Principal, named: tuple[str, str]) -> Response:
    view = await services.complaints.views.by_identity(*named)
    return await show(services.complaints, principal, view)
