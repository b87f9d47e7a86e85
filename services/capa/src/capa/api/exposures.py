"""Exposure: report units one by one or as a file, and list them."""

import csv
import io
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from capa.api.desk import Desk
from capa.api.parameters import ProductQuery, SiteQuery, any_of
from capa.api.signal_schemas import ExposureIn, ExposureOut, ExposuresTakenOut
from capa.domain.errors import ExposureInvalid
from capa.domain.signals.exposure import Exposure, Unit
from capa.usecases.signal_reading import ExposureFilter
from chassis.auth import Principal, requires
from chassis.paging import DEFAULT_LIMIT, Cursor, Limit, PageOf, render_page
from chassis.problems import ProblemError
from common.clock import Clock
from common.refusals import FieldError

TAG = "Exposure"
CSV: Final = "text/csv"
COLUMNS: Final = ("product", "unit", "first_day", "next_day", "units")
SITE_COLUMN: Final = "site"
"""May be left out, and be empty for figures of the product as a whole."""
MOST_ROWS: Final = 10_000
_MOST_ERRORS: Final = 20
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            CSV: {
                "schema": {"type": "string"},
                "example": "product,unit,first_day,next_day,units\ncredit-card,sold,2026-01-01,2026-02-01,104500\n",
            }
        },
    }
}
Reader = Annotated[Principal, requires("exposures:read")]
Writer = Annotated[Principal, requires("exposures:write")]


_HEADERS: Final = (sorted(COLUMNS), sorted((*COLUMNS, SITE_COLUMN)))
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/exposures", tags=[TAG])

    @router.put(
        "",
        summary="Report units",
        responses={201: {"model": ExposureOut, "description": "The figure is new."}},
    )
    async def report_exposure(body: ExposureIn, response: Response, by: Writer) -> ExposureOut:
        """Report how many units of a product, or of one site of it, were shipped, sold or in use over a span of days.

        A figure with the same first day is replaced; one that counts some of the same days otherwise is refused.
        """
        value = _exposure(body, by, desk.clock)
        (new,) = await desk.report_exposure([value])
        if new:
            response.status_code = HTTPStatus.CREATED
        return ExposureOut.of(value)

    @router.post("/csv", summary="Report units as a file", openapi_extra=_BODY)
    async def report_exposures(request: Request, by: Writer) -> ExposuresTakenOut:
        """Report up to 10,000 figures as CSV (UTF-8, header required; `site` may be left out): all are taken, or none."""
        values = [_exposure(row, by, desk.clock) for row in _rows(await _text(request))]
        new = await desk.report_exposure(values)
        return ExposuresTakenOut(rows=len(values), created=sum(new), replaced=len(new) - sum(new))

    @router.get("", summary="List reported units")
    async def list_exposures(
        *,
        request: Request,
        response: Response,
        _: Reader,
        product: ProductQuery = None,
        site: SiteQuery = None,
        unit: Annotated[
            list[Unit] | None, Query(description="Kinds of units; repeated, any of them.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> PageOf[ExposureOut]:
        """List figures by product, kind of unit, day and site, that of the whole product first."""
        wanted = ExposureFilter(product=any_of(product), site=any_of(site), unit=any_of(unit))
        filters = {
            "list": "exposures",
            "product": wanted.product,
            "site": wanted.site,
            "unit": wanted.unit,
        }
        page = await desk.signal_records.exposures(wanted, desk.cursors.open(cursor, filters), limit)
        items = [ExposureOut.of(item) for item in page.items]
        return render_page(request, response, page, items, cursors=desk.cursors, filters=filters)

    return router


def _exposure(row: ExposureIn, by: Principal, clock: Clock) -> Exposure:
    return Exposure(
        product=row.product,
        unit=row.unit,
        first_day=row.first_day,
        next_day=row.next_day,
        units=row.units,
        actor=str(by.actor),
        reported_at=clock(),
        site=row.site,
    )


async def _text(request: Request) -> str:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != CSV:
        raise ProblemError(
            "unsupported_media_type",
            f"{sent or 'A body without Content-Type'} is not read here; send {CSV}.",
            headers={"Accept": CSV},
        )
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("/body", "The file is not UTF-8.", "Save it as UTF-8.") from None


def _rows(text: str) -> list[ExposureIn]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if sorted(reader.fieldnames or ()) not in _HEADERS:
            raise _wrong(
                "/body/1",
                f"The header is {reader.fieldnames}.",
                f"Name exactly the columns {', '.join(COLUMNS)}, with or without {SITE_COLUMN}.",
            )
        rows = list(reader)
    except csv.Error as error:
        raise _wrong(
            f"/body/{reader.line_num + 1}", f"The line is no CSV: {error}.", "Correct its quotes."
        ) from None
    if not 1 <= len(rows) <= MOST_ROWS:
        raise _wrong("/body", f"The file has {len(rows)} rows.", f"Send 1 to {MOST_ROWS} rows at once.")
    values: list[ExposureIn] = []
    errors: list[FieldError] = []
    for number, row in enumerate(rows, 2):
        try:
            values.append(ExposureIn.model_validate(_read(row)))
        except ValidationError as found:
            errors += [
                FieldError(
                    f"/body/{number}/{'/'.join(map(str, each['loc']))}",
                    ExposureInvalid.code,
                    each["msg"],
                    "Correct the value in this line of the file.",
                )
                for each in found.errors()
            ]
    if errors:
        raise ExposureInvalid(f"{len(errors)} value(s) of the file cannot be taken.", *errors[:_MOST_ERRORS])
    return values


def _read(row: Mapping[str, str | None]) -> dict[str, object]:
    # A row with more or fewer values than the header has None as a name or as a value.
    read: dict[str, object] = {str(name): value for name, value in row.items()}
    units = row.get("units")
    # A number of JSON is no text; all that a file holds is.
    if units is not None and _WHOLE_NUMBER.fullmatch(units):
        read["units"] = int(units)
    if read.get(SITE_COLUMN) == "":
        read[SITE_COLUMN] = None
    return read


def _wrong(pointer: str, detail: str, fix: str) -> ExposureInvalid:
    return ExposureInvalid(f"{detail} {fix}", FieldError(pointer, ExposureInvalid.code, detail, fix))
