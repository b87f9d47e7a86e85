"""`/v1/complaints/{reference}/inspection-pack`: all that is on record of a complaint, for an inspector."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Principal, requires
from intake.api.complaints import Reference
from intake.api.examples import PACK_HTML, PACK_JSON
from intake.api.packs.archive import pack_archive
from intake.api.packs.document import Shown, pack_document, shows_personal
from intake.api.packs.page import pack_page
from intake.api.personal_reads import ReadRecorder
from intake.usecases.attachments import Storage
from intake.usecases.inspection_pack import Packs
from intake.usecases.personal_reads import ReadOperation
from intake.usecases.ports import Clock

PATH: Final = "/v1/complaints/{reference}/inspection-pack"
JSON: Final = "application/json"
HTML: Final = "text/html"
ZIP: Final = "application/zip"
PackFormat = Literal["json", "html", "zip"]

PACKS: Final = Counter(
    "inspection_packs_total", "Inspection packs that were asked for and begun, by format.", ["format"]
)
for _format in ("json", "html", "zip"):
    PACKS.labels(_format)

# The page needs nothing from anywhere, and whatever is in it runs nothing.
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
}
_Reader = Annotated[Principal, requires("complaints:read")]


class PackQuery(BaseModel):
    """In which form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: PackFormat = Field(
        "json",
        description="json: for machines. html: a page to read and to print. zip: both, the attachments, and what verifies them.",
    )


@dataclass(frozen=True, slots=True)
class InspectionServices:
    """What this route needs; without `storage` no content of an attachment is in an archive."""

    packs: Packs
    storage: Storage | None
    reads: ReadRecorder
    clock: Clock
    version: str


def inspection_router(services: InspectionServices) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["complaints"])

    @router.get(
        PATH,
        summary="Fetch a complaint's inspection pack",
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {
                    JSON: {"schema": {"type": "object"}, "example": PACK_JSON},
                    HTML: {"schema": {"type": "string"}, "example": PACK_HTML},
                    ZIP: {"schema": {"type": "string", "format": "binary"}},
                },
                "description": "All that is on record of the complaint at this moment.",
            }
        },
    )
    async def fetch_inspection_pack(
        reference: Reference, query: Annotated[PackQuery, Query()], principal: _Reader
    ) -> Response:
        """Fetch all that is on record of a complaint, to be read and verified without Redress.

        It holds facts, steps with what was before and after, the timeline, and the history as a chain of hashes with how
        to verify it; the archive also the attachments, checksums and a checking program of the Python standard library. Who
        complains and texts of the past are in it with the scope complaints:personal, which is recorded, and marked as
        withheld without; attachments with attachments:read. Scope: complaints:read.
        """
        contents = await services.packs.read(reference, within=principal.source_system)
        shown = Shown.to(principal)
        kept = contents.files if shown.files and query.format == "zip" else ()
        if shows_personal(contents, shown) or kept:
            await services.reads(principal, ReadOperation.PACK, [contents.view.complaint.id])
        now = services.clock()
        document = pack_document(contents, shown, principal=principal, version=services.version, now=now)
        PACKS.labels(query.format).inc()
        match query.format:
            case "json":
                return Response(orjson.dumps(document), media_type=JSON, headers=_headers(document, "json"))
            case "html":
                page = pack_page(document)
                return HTMLResponse(page, headers=_PAGE_HEADERS | {"Cache-Control": "no-store"})
            case "zip":
                archive: AsyncIterator[bytes] = pack_archive(document, kept, services.storage, at=now)
                return StreamingResponse(archive, media_type=ZIP, headers=_headers(document, "zip"))

    return router


def _headers(document: dict[str, Any], ending: str) -> dict[str, str]:
    name = f"{document['complaint']['number']}-inspection-pack.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
