"""How a report is answered: as HTML or PDF by what the caller accepts, and not again where the caller has it."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from capa.api.report_writer import ReportWriter
from capa.domain.report.document import Document
from chassis.problems import ProblemError

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LAYOUT: Final = "2"
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
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
MATCH: Final = {
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
"""What the OpenAPI document says about every report."""


def responses_of(html: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of a route that reports; `html` is an example of a page."""
    page = {"schema": {"type": "string"}, "example": html}
    return {
        200: {"content": {"text/html": page, "application/pdf": BINARY}, "description": description},
        304: {"description": "The report that If-None-Match names is still right."},
    }


def chosen_format(request: Request, named: Format | None) -> Format:
    """Choose by name, else by `Accept` (RFC 9110, 12.5.1): HTML where both are as welcome."""
    if named is not None:
        return named
    header = request.headers.get("accept", "*/*")
    weights = {wanted: _weight(header, wanted.media_type) for wanted in Format}
    best = max(weights, key=lambda wanted: weights[wanted])
    if weights[best] == 0:
        raise ProblemError(
            "not_acceptable",
            "A report is text/html or application/pdf: accept one of them, or send `format`.",
        )
    return best


async def answer(request: Request, document: Document, chosen: Format, writer: ReportWriter) -> Response:
    """Answer with a report, or with 304 where the caller has it."""
    tag = _tag(document, chosen)
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Disposition": f'inline; filename="{document.file}.{chosen.value}"',
        "X-Content-Type-Options": "nosniff",
    }
    if chosen is Format.PDF:
        return Response(await writer.pdf(document), headers=headers, media_type="application/pdf")
    headers["Content-Security-Policy"] = _POLICY
    return Response(writer.html(document), headers=headers, media_type="text/html; charset=utf-8")


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
