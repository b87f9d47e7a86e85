"""The 8D report as PDF, set by Typst: the layout is in `report.typ`, what it says is handed over as data, never as markup."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import typst

from capa.domain.report.document import Block, Document, Drawing, Facts, Heading, Paragraph, Pending, Table
from capa.domain.report.svg import svg
from chassis.problems import ProblemError

AT_ONCE: Final = 1
"""How many reports are set at the same time; a thread each, since Typst works without Python's lock."""

PATIENCE_SECONDS: Final = 20.0
"""How long a request waits for its turn."""

MOST_CHARACTERS: Final = 3_000_000
"""How much content, drawings included, is set as PDF: some 500 pages, a few seconds' work."""

FONT: Final = "Libertinus Serif"
_UNSHOWN: Final = "could not be displayed"
_NOTE: Final = (
    "Some characters of this report are missing from the fonts of this installation and are left blank. The HTML report shows "
    "them; REDRESS_CAPA_REPORT_FONTS names a folder of fonts that have them."
)


class PdfWriter:
    """Sets reports as PDF, in threads, a few at a time."""

    def __init__(self, fonts: Path | None = None) -> None:
        folders: list[Any] = [] if fonts is None else [fonts]
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=folders)
        self._families = [FONT, *(each for each in self._fonts.families() if each != FONT)]
        self._template = files("capa.api").joinpath("report.typ").read_bytes()
        # A caller that goes away gives its turn back, but its report is set to the end: the pool holds the bound.
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="report")
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def write(self, document: Document, patience_seconds: float | None = PATIENCE_SECONDS) -> bytes:
        """Set a report; refuses one that is too large, and with 503 where no turn came in time. None waits without limit."""
        content = json.dumps(_content(document, self._families))
        if len(content) > MOST_CHARACTERS:
            raise ProblemError(
                "report_too_large",
                f"The report of {document.number} has {len(content)} characters; a PDF has at most {MOST_CHARACTERS}.",
            )
        async with self._turn(patience_seconds):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._set, content, document)

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

    def _set(self, content: str, document: Document) -> bytes:
        try:
            return self._compiled(content, document, note="")
        except typst.TypstError as error:
            # PDF/UA refuses characters that no font has. What can be shown is shown then, and the rest is said.
            if _UNSHOWN not in str(error):
                raise
        return self._compiled(content, document, note=_NOTE)

    def _compiled(self, content: str, document: Document, *, note: str) -> bytes:
        made: bytes = typst.compile(
            self._template,
            font_paths=self._fonts,
            sys_inputs={"report": content, "note": note},
            timestamp=document.made_at,
            pdf_standards=[] if note else ["ua-1"],
        )
        return made


def _content(document: Document, families: list[str]) -> dict[str, Any]:
    return {
        "families": families,
        "title": document.title,
        "subtitle": document.subtitle,
        "made": document.made,
        "record": f"{document.number}, version {document.version}, SHA-256 {document.record_hash}",
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
        case Table(head, rows, widths):
            return {
                "kind": "table",
                "head": list(head),
                "rows": [[_clean(cell) for cell in row] for row in rows],
                "widths": list(widths),
            }
        case Drawing(figure, caption):
            drawn = svg(figure, font=FONT, name="drawing")
            return {"kind": "drawing", "svg": drawn, "alt": figure.description, "caption": _clean(caption)}


def _clean(text: str) -> str:
    # Control characters have no glyph in any font; they would cost the whole report its standard.
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)
