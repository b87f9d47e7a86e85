"""`/v1/complaints/export`: everything that a list would show, as one file."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from prometheus_client import Counter
from pydantic import Field
from starlette.types import Send
from typing_extensions import override

from chassis.auth import Principal, authenticate, requires
from chassis.paging import Cursors
from common.page import Page
from intake.api.examples import EXPORT_CSV, EXPORT_NDJSON
from intake.api.export_formats import CSV, NDJSON, CsvFile, ExportFormat, NdjsonFile
from intake.api.filters import OrderedFilters
from intake.api.handling import situation_of
from intake.api.personal_reads import ReadRecorder
from intake.api.schemas import ComplaintOut
from intake.api.shaping import PERSONAL
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.usecases.personal_reads import ReadOperation
from intake.usecases.ports import Clock
from intake.usecases.views import ComplaintView, Export

PATH: Final = "/v1/complaints/export"
LIMIT_HEADER: Final = "Redress-Export-Limit"

_COMPLETE, _CUT, _ABANDONED, _FAILED = "complete", "cut", "abandoned", "failed"
EXPORTS: Final = Counter(
    "complaint_exports_total",
    "Exports of complaints, by format and by how they ended: complete, cut at the limit, abandoned by the client, or failed.",
    ["format", "outcome"],
)
ROWS: Final = Counter(
    "complaint_export_rows_total", "Complaints written into exports, by format.", ["format"]
)
for file_format in ("csv", "ndjson"):
    ROWS.labels(file_format)
    for ending in (_COMPLETE, _CUT, _ABANDONED, _FAILED):
        EXPORTS.labels(file_format, ending)

_Reader = Annotated[Principal, requires("complaints:read")]


class ExportQuery(OrderedFilters):
    """Which complaints an export holds, in which order and form."""

    format: ExportFormat = Field("csv", description="Form of the file.")
    personal: bool = Field(
        False,
        description="Whether to add who complains. Needs the scope complaints:personal, and is recorded.",
    )
    limit: int | None = Field(
        None, ge=1, description="How many complaints at most; the service's own limit holds besides."
    )


@dataclass(frozen=True, slots=True)
class ExportServices:
    """What this route needs; `most` is how many complaints one export holds at most."""

    export: Export
    cursors: Cursors
    clock: Clock
    most: int
    policy: ClosingPolicy
    reads: ReadRecorder


class _ClosedStream(StreamingResponse):
    """A stream whose source is told when nobody listens any more."""

    @override
    async def stream_response(self, send: Send) -> None:
        source = self.body_iterator
        assert isinstance(source, AsyncIterator)  # noqa: S101 - for mypy: the only thing that is given here
        async with aclosing(source):  # type: ignore[type-var]
            await super().stream_response(send)


def exports_router(services: ExportServices) -> APIRouter:
    """Make the route; it must stand before the one that reads a complaint by its reference."""
    router = APIRouter(tags=["complaints"])

    @router.get(
        PATH,
        summary="Export complaints",
        response_model=ComplaintOut,
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {
                    CSV: {"schema": {"type": "string"}, "example": EXPORT_CSV},
                    NDJSON: {"schema": {"type": "string"}, "example": EXPORT_NDJSON},
                },
                "description": "One line for each complaint, and one more where the export was cut.",
                "headers": {
                    LIMIT_HEADER: {
                        "description": "How many complaints this export holds at most.",
                        "schema": {"type": "integer"},
                    }
                },
            }
        },
    )
    async def export_complaints(
        request: Request, query: Annotated[ExportQuery, Query()], principal: _Reader
    ) -> Response:
        """Export complaints as CSV or NDJSON, with the filters and orders of the list.

        The file is written while it is read, and holds no transaction open. CSV is UTF-8 with a header; text that a
        spreadsheet would take for a formula has an apostrophe before it. An export that reaches its limit ends with a
        line that says so and names the cursor to go on with: `# cut after 100000 complaints: go on with cursor=…` in
        CSV, an object `{"cut": {"rows", "next_cursor"}}` in NDJSON. A file without its end breaks off the connection.
        Scope: complaints:read; complaints:personal besides, to see or to name who complains.
        """
        if query.personal or query.complainant_reference:
            await authenticate(request, PERSONAL)
        most = min(query.limit or services.most, services.most)
        bound = query.bound() | {"within": principal.source_system}
        pages = services.export(
            query.filters(services.clock()),
            sort=query.sort,
            after=services.cursors.open(query.cursor, bound),
            most=most,
            within=principal.source_system,
        )
        # What goes wrong at once is answered with a problem, as long as nothing has been sent.
        first = await anext(pages)
        lines = _lines(services, query, principal, bound=bound, first=first, rest=pages)
        return _ClosedStream(
            lines,
            media_type=f"{CSV}; charset=utf-8" if query.format == "csv" else NDJSON,
            headers={
                LIMIT_HEADER: str(most),
                "Content-Disposition": f'attachment; filename="complaints.{query.format}"',
                "Cache-Control": "no-store",
            },
        )

    return router


async def _lines(
    services: ExportServices,
    query: ExportQuery,
    principal: Principal,
    *,
    bound: dict[str, object],
    first: Page[ComplaintView],
    rest: AsyncIterator[Page[ComplaintView]],
) -> AsyncIterator[bytes]:
    file = CsvFile(query.personal) if query.format == "csv" else NdjsonFile(query.personal)
    outcome, rows, page = _ABANDONED, 0, first
    try:
        yield file.begin()
        while True:
            if query.personal:
                await services.reads.of_views(principal, ReadOperation.EXPORT, page.items)
            yield file.lines(page.items, situation_of(principal, services.clock(), services.policy))
            rows += len(page.items)
            ROWS.labels(query.format).inc(len(page.items))
            following = await anext(rest, None)
            if following is None:
                break
            page = following
        if page.next_keys is not None:
            yield file.cut(rows, services.cursors.seal(page.next_keys, bound))
        outcome = _COMPLETE if page.next_keys is None else _CUT
    except Exception:
        outcome = _FAILED
        raise
    finally:
        EXPORTS.labels(query.format, outcome).inc()
