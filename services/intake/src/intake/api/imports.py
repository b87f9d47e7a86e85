"""`/v1/imports`: hand over a whole file, see how it goes, fetch what came of each row."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Principal, requires
from chassis.problems import ProblemError
from common.ids import new_id
from intake.api.examples import IMPORT_CSV, IMPORT_NDJSON, RESULTS_CSV, RESULTS_NDJSON
from intake.api.instants import instant
from intake.api.spreadsheets import csv_lines
from intake.domain.errors import ForeignSource
from intake.domain.importing import (
    Import,
    ImportOrder,
    ImportState,
    MediaType,
    OnError,
    RowOutcome,
    RowResult,
)
from intake.usecases.form_values import Code
from intake.usecases.imports import Imports
from intake.usecases.ports import Clock
from intake.usecases.stage_import import StageImport

SCOPE: Final = "imports:write"
PATH: Final = "/v1/imports"
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
_COLUMNS: Final = ("row_number", "external_id", "outcome", "complaint_number", "errors")

Importer = Annotated[Principal, requires(SCOPE)]
ImportId = Annotated[UUID, Path(description="Id of the import.")]


class ImportQuery(BaseModel):
    """How a file is to be read, and what is to be done with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = Field("native", max_length=100, description="Mapping profile: how rows become complaints.")
    source_system: Code | None = Field(
        None,
        description="Where the complaints come from, unless a row says it; else the profile's or the key's.",
    )
    dry_run: bool = Field(False, description="Only tell what would come of each row.")
    historical: bool = Field(
        False,
        description="Every row is long settled and only put on record: nobody is mailed about the past.",
    )
    on_error: OnError = Field(
        "continue",
        description="What a rejected row means: go on with the others, or stop there. What was done stays done.",
    )


class ImportOut(BaseModel):
    """An import as it stands."""

    id: UUID = Field(description="Id of the import.")
    state: ImportState = Field(
        description="receiving, queued, running; at the end finished, failed (the file could not be read) or aborted."
    )
    profile: str = Field(description="The mapping profile.")
    media_type: str = Field(description="What was uploaded.")
    dry_run: bool = Field(description="Whether it only tells what would come of each row.")
    historical: bool = Field(description="Whether every row is only put on record.")
    on_error: str = Field(description="continue or abort.")
    rows: int = Field(description="Rows that were received.")
    processed: int = Field(description="Rows that have a result.")
    created: int = Field(description="Rows that made a complaint.")
    unchanged: int = Field(description="Rows that told nothing new.")
    amended: int = Field(description="Rows that changed a known complaint.")
    rejected: int = Field(description="Rows that were refused.")
    detail: str = Field(description="Why it failed or was aborted.")
    created_at: datetime = Field(description="When it was handed over.")
    updated_at: datetime = Field(description="When it last got on.")
    finished_at: datetime | None = Field(description="When it ended; results are kept for 30 days from then.")


class ResultOut(BaseModel):
    """What came of one row."""

    row_number: int = Field(description="Number of the row, from 1, the header not counted.")
    external_id: str | None = Field(description="The source's own id.")
    outcome: RowOutcome | None = Field(description="null as long as the row was not processed.")
    complaint_number: str | None = Field(description="Number of the complaint.")
    errors: list[dict[str, str]] = Field(
        description="pointer, column, code, detail and fix of each value at fault."
    )


class ResultQuery(BaseModel):
    """Which results, and in which form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: list[RowOutcome] = Field([], description="These outcomes alone; several are a choice.")
    format: Literal["ndjson", "csv"] = Field("ndjson", description="Form of the answer.")


@dataclass(frozen=True, slots=True)
class ImportServices:
    """What these routes need."""

    stage: StageImport
    imports: Imports
    clock: Clock


def imports_router(services: ImportServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["imports"])
    text: dict[str, Any] = {"schema": {"type": "string"}}
    raw: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

    @router.post(
        PATH,
        summary="Import a file of complaints",
        status_code=HTTPStatus.ACCEPTED,
        response_model=ImportOut,
        responses={
            202: {
                "description": "Every row is kept, and is processed in the background.",
                "headers": {
                    "Location": {"description": "Address of the import.", "schema": {"type": "string"}}
                },
            }
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    CSV: {**raw, "example": IMPORT_CSV},
                    NDJSON: {**raw, "example": IMPORT_NDJSON},
                },
            }
        },
    )
    async def import_complaints(
        request: Request, query: Annotated[ImportQuery, Query()], principal: Importer
    ) -> Response:
        """Hand over a CSV (UTF-8, RFC 4180, header required) or NDJSON file of any number of complaints.

        The answer comes when every row is kept; each then becomes a complaint, amends the one of its identity, or is
        rejected for reasons that its result tells. A file imported again makes no second complaint of a row with an
        external id. Scope: imports:write.
        """
        media_type = _media_type(request)
        own = principal.source_system
        if own is not None and query.source_system not in {None, own}:
            raise ForeignSource(own, place="source_system")
        order = ImportOrder(
            id=new_id(),
            media_type=media_type,
            profile=query.profile,
            source_system=query.source_system,
            own_source=own,
            actor=principal.actor,
            dry_run=query.dry_run,
            historical=query.historical,
            on_error=query.on_error,
            created_at=services.clock(),
        )
        staged = await services.stage(order, request.stream())
        return Response(
            orjson.dumps(_shape(staged)),
            HTTPStatus.ACCEPTED,
            {"Location": f"{PATH}/{order.id}"},
            "application/json",
        )

    @router.get(PATH + "/{import_id}", summary="Read an import", response_model=ImportOut)
    async def read_import(import_id: ImportId, principal: Importer) -> Response:
        """Read how far an import is and what came of its rows so far. Scope: imports:write."""
        found = await services.imports.find(import_id, within=principal.source_system)
        return Response(orjson.dumps(_shape(found)), media_type="application/json")

    @router.get(
        PATH + "/{import_id}/results",
        summary="Fetch an import's results",
        response_model=ResultOut,
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {
                    NDJSON: {**text, "example": RESULTS_NDJSON},
                    CSV: {**text, "example": RESULTS_CSV},
                },
                "description": "One line for each row.",
            }
        },
    )
    async def read_import_results(
        import_id: ImportId, query: Annotated[ResultQuery, Query()], principal: Importer
    ) -> Response:
        """Fetch what came of every row, as NDJSON or CSV, in the order of the file. Scope: imports:write."""
        await services.imports.find(import_id, within=principal.source_system)
        batches = services.imports.results(import_id, outcomes=query.outcome)
        if query.format == "csv":
            return StreamingResponse(_csv(batches), media_type=f"{CSV}; charset=utf-8")
        return StreamingResponse(_ndjson(batches), media_type=NDJSON)

    return router


def _media_type(request: Request) -> MediaType:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    match sent:
        case "text/csv" | "application/x-ndjson":
            return sent
        case "application/ndjson" | "application/jsonl":
            return NDJSON
        case _:
            raise ProblemError(
                "unsupported_media_type",
                f"{sent or 'A body without Content-Type'} is not read here; send {CSV} or {NDJSON}.",
                headers={"Accept": f"{CSV}, {NDJSON}"},
            )


def _shape(found: Import) -> dict[str, Any]:
    order = found.order
    return {
        "id": str(order.id),
        "state": found.state.value,
        "profile": order.profile,
        "media_type": order.media_type,
        "dry_run": order.dry_run,
        "historical": order.historical,
        "on_error": order.on_error,
        "rows": found.rows,
        "processed": sum(found.counts.values()),
        **{outcome.value: count for outcome, count in found.counts.items()},
        "detail": found.detail,
        "created_at": instant(order.created_at),
        "updated_at": instant(found.updated_at),
        "finished_at": instant(found.finished_at),
    }


def _result(result: RowResult) -> dict[str, Any]:
    return {
        "row_number": result.number,
        "external_id": result.external_id,
        "outcome": result.outcome.value if result.outcome else None,
        "complaint_number": result.complaint_number,
        "errors": [dict(error) for error in result.errors],
    }


async def _ndjson(batches: AsyncIterator[Sequence[RowResult]]) -> AsyncIterator[bytes]:
    async for batch in batches:
        yield b"".join(orjson.dumps(_result(result), option=orjson.OPT_APPEND_NEWLINE) for result in batch)


async def _csv(batches: AsyncIterator[Sequence[RowResult]]) -> AsyncIterator[bytes]:
    yield csv_lines([_COLUMNS])
    async for batch in batches:
        lines = []
        for result in batch:
            row = _result(result)
            row["errors"] = orjson.dumps(row["errors"]).decode() if row["errors"] else ""
            lines.append([row[name] for name in _COLUMNS])
        yield csv_lines(lines)
