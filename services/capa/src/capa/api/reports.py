"""8D reports of cases, as HTML and PDF: of one case, and of many in an archive."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from capa.api.cases import TAG, Reader
from capa.api.desk import Desk, reference_of
from capa.api.parameters import (
    CasePath,
    CategoryQuery,
    ClosedFrom,
    ClosedTo,
    ProductQuery,
    SeverityQuery,
    any_of,
)
from capa.api.report_archive import archive
from capa.api.report_html import page
from capa.api.schemas import CodeText
from capa.domain.case.case import State
from capa.domain.report.document import Document
from capa.usecases.case_reading import CaseFilter
from chassis.problems import ProblemError, at_parameter

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LAYOUT: Final = "1"
"""Rises when the same record is reported otherwise, so that a kept copy is not taken for current."""


class Format(StrEnum):
    """What a report is written as."""

    HTML = "html"
    PDF = "pdf"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return "text/html" if self is Format.HTML else "application/pdf"


FormatQuery = Annotated[
    Format | None, Query(alias="format", description="What to answer with; else `Accept` decides, else HTML.")
]
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_ONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "text/html": {
                "schema": {"type": "string"},
                "example": "<!doctype html><html lang='en'><head><title>8D report CA-1001: Wrong fees</title></head></html>",
            },
            "application/pdf": _BINARY,
        },
        "description": "The report, to be read, printed or sent.",
    },
    304: {"description": "The report that If-None-Match names is still right."},
}
_MANY: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"application/zip": _BINARY},
        "description": "An archive with a file for each case, and `manifest.json`, which names them.",
    }
}
_MATCH: Final = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "ETag of a report that is already there.",
            "schema": {"type": "string"},
            "example": 'W/"5f2c"',
        }
    ]
}


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/cases", tags=[TAG])

    @router.get("/reports", summary="Report many cases", response_class=StreamingResponse, responses=_MANY)
    async def report_cases(
        *,
        _: Reader,
        case: Annotated[
            list[CodeText] | None,
            Query(description="Cases by id or number; repeated, each of them. Instead of the filters."),
        ] = None,
        state: Annotated[list[State] | None, Query(description="States; repeated, any of them.")] = None,
        severity: SeverityQuery = None,
        product: ProductQuery = None,
        category: CategoryQuery = None,
        closed_from: ClosedFrom = None,
        closed_to: ClosedTo = None,
        format_: Annotated[
            Format, Query(alias="format", description="What each report is written as.")
        ] = Format.PDF,
    ) -> StreamingResponse:
        """Report cases as 8D, at most 50, in a ZIP archive that comes as it is made."""
        wanted = CaseFilter(
            state=any_of(state),
            severity=any_of(severity),
            product=any_of(product),
            category=any_of(category),
            closed_from=closed_from,
            closed_to=closed_to,
        )
        if case is None:
            chosen = await desk.choose_reports.matching(wanted)
        elif wanted == CaseFilter():
            chosen = await desk.choose_reports.named([reference_of(each) for each in case])
        else:
            raise ProblemError(
                "unacceptable",
                "Name cases, or give filters, not both.",
                errors=[
                    at_parameter("case", "contradiction", "filters are given too", "leave one of them out")
                ],
            )
        pdf = desk.pdf if format_ is Format.PDF else None
        content = archive([each.id for each in chosen], desk.report_case, pdf)
        headers = {
            "Content-Disposition": 'attachment; filename="8d-reports.zip"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(content, headers=headers, media_type="application/zip")

    @router.get(
        "/{case_id}/report",
        summary="Report a case as 8D",
        response_class=Response,
        responses=_ONE,
        openapi_extra=_MATCH,
    )
    async def report_case(
        case_id: CasePath, request: Request, _: Reader, format_: FormatQuery = None
    ) -> Response:
        """Write a case as an 8D report from its record: D0 to D8, its analyses and its effect drawn; what is missing is said."""
        chosen = format_ or _accepted(request.headers.get("accept", "*/*"))
        document = await desk.report_case(reference_of(case_id))
        tag = _tag(document, chosen)
        headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
        if _has(request, tag):
            return Response(status_code=304, headers=headers)
        name = f"{document.number}-8D.{chosen.value}"
        headers |= {
            "Content-Disposition": f'inline; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        if chosen is Format.PDF:
            return Response(await desk.pdf.write(document), headers=headers, media_type="application/pdf")
        headers["Content-Security-Policy"] = _POLICY
        return Response(page(document), headers=headers, media_type="text/html; charset=utf-8")

    return router


def _accepted(header: str) -> Format:
    """Choose by `Accept` (RFC 9110, 12.5.1): the one with the greater weight, HTML where both are as welcome."""
    weights = {wanted: _weight(header, wanted.media_type) for wanted in Format}
    best = max(weights, key=lambda wanted: weights[wanted])
    if weights[best] == 0:
        raise ProblemError(
            "not_acceptable",
            "A report is text/html or application/pdf: accept one of them, or send `format`.",
        )
    return best


def _weight(header: str, media_type: str) -> float:
    """Find the weight of the most specific range that matches; what cannot be read weighs nothing."""
    found = {}
    for part in header.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            found[name] = float(weight)
        except ValueError:
            found[name] = 0.0
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    return next((found[each] for each in ranges if each in found), 0.0)


def _tag(document: Document, chosen: Format) -> str:
    # Weak, since the line that says when it was made is another each time.
    content = json.dumps([_LAYOUT, chosen.value, document.record_hash, *document.texts()])
    return f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def _has(request: Request, tag: str) -> bool:
    header = request.headers.get("if-none-match", "")
    opaque = tag.removeprefix("W/")
    return header.strip() == "*" or any(
        each.strip().removeprefix("W/") == opaque for each in header.split(",")
    )
