"""A report as PDF, set by Typst: the layout is in `report.typ`, what it says is handed over as data, never as markup."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from capa.api.typesetting import FONT
from capa.domain.report.document import Block, Document, Drawing, Facts, Heading, Paragraph, Pending, Table
from capa.domain.report.svg import svg
from chassis.problems import ProblemError

AT_ONCE: Final = 1
"""How many reports are set at the same time, each in a process of its own."""

PATIENCE_SECONDS: Final = 20.0
"""How long a request waits for its turn."""

LONGEST_SECONDS: Final = 60.0
"""How long a report may take to be set; then it is given up."""

MOST_CHARACTERS: Final = 3_000_000
"""How much content, drawings included, is set as PDF: some hundreds of pages, a few seconds' work."""


class CannotSet(Exception):
    """A report could not be set, which is a fault of this service."""


class PdfWriter:
    """Sets reports as PDF, a few at a time."""

    def __init__(self, fonts: Path | None = None) -> None:
        self._fonts = fonts
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def write(self, document: Document, patience_seconds: float | None = PATIENCE_SECONDS) -> bytes:
        """Set a report; refuses one that is too large, and with 503 where no turn came in time. None waits without limit."""
        given = {
            "content": _content(document),
            "made_at": document.made_at.isoformat(),
            "fonts": None if self._fonts is None else str(self._fonts.resolve()),
        }
        content = json.dumps(given).encode()
        if len(content) > MOST_CHARACTERS:
            raise _too_large(
                document,
                f"has {len(content)} characters, drawings included; a PDF has at most {MOST_CHARACTERS}",
            )
        async with self._turn(patience_seconds):
            return await _set(content, document)

    @asynccontextmanager
    async def _turn(self, patience_seconds: float | None) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._turns.acquire(), patience_seconds)
        except TimeoutError:
            raise ProblemError(
                "report_not_now",
                "Other reports are being set; this one would have to wait.",
                headers={"Retry-After": "30"},
            ) from None
        try:
            yield
        finally:
            self._turns.release()


async def _set(content: bytes, document: Document) -> bytes:
    # Isolated and without the environment: it needs neither settings nor secrets.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "capa.api.typesetting", stdin=PIPE, stdout=PIPE, stderr=PIPE, env={}
    )
    try:
        made, said = await asyncio.wait_for(process.communicate(content), LONGEST_SECONDS)
    except TimeoutError:
        raise _too_large(document, f"is not set within {LONGEST_SECONDS:g} seconds") from None
    finally:
        # Also where the caller went away.
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CannotSet(f"{document.number}: {said.decode(errors='replace')[-500:]}")
    return made


def _too_large(document: Document, why: str) -> ProblemError:
    return ProblemError("report_too_large", f"The report of {document.number} {why}.")


def _content(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "made": document.made,
        "record": document.record,
        "head": _block(document.head),
        "sections": [
            {"title": section.title, "blocks": [_block(each) for each in section.blocks]}
            for section in document.sections
        ],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph(text):
            return {"kind": "paragraph", "text": _clean(text)}
        case Pending(text):
            return {"kind": "pending", "text": _clean(text)}
        case Heading(text):
            return {"kind": "heading", "text": _clean(text)}
        case Facts(rows):
            return {"kind": "facts", "rows": [[_clean(name), _clean(text)] for name, text in rows]}
        case Table(head, rows, widths, numbers):
            return {
                "kind": "table",
                "head": list(head),
                "rows": [[_clean(cell) for cell in row] for row in rows],
                "widths": list(widths),
                "numbers": len(head) if numbers is None else numbers,
            }
        case Drawing(figure, caption):
            # What it shows in words stands beside it, once.
            drawn = svg(replace(figure, description=""), font=FONT, name="drawing")
            return {"kind": "drawing", "svg": drawn, "alt": figure.description, "caption": _clean(caption)}


def _clean(text: str) -> str:
    # Control characters have no glyph in any font; they would cost the whole report its standard.
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)
