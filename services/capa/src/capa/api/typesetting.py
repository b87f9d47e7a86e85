"""Sets one PDF with Typst, in a process of its own: `python -m capa.api.typesetting`, content as JSON in, PDF out.

So the memory that Typst keeps is given back, and what takes too long can be ended. It imports nothing of the service.
"""

import json
import sys
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

import typst

FONT: Final = "Libertinus Serif"
"""The family of the text, which comes with Typst."""

_UNSHOWN: Final = "could not be displayed"
_NOTE: Final = (
    "Some characters of this report are missing from the fonts of this installation and are left blank. The HTML report shows "
    "them; REDRESS_CAPA_REPORT_FONTS names a folder of fonts that have them."
)


def main() -> None:
    """Read what is to be set, and write the PDF."""
    given = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(
        set_pdf(given["content"], datetime.fromisoformat(given["made_at"]), given["fonts"])
    )


def set_pdf(content: dict[str, Any], made_at: datetime, fonts: str | None) -> bytes:
    """Set a report: as PDF/UA, the standard of accessible ones, where the fonts have every character."""
    known = typst.Fonts(include_system_fonts=False, font_paths=[] if fonts is None else [fonts])
    families = [FONT, *(each for each in known.families() if each != FONT)]
    report = json.dumps(content | {"families": families})
    try:
        return _compiled(report, made_at, known, note="")
    except typst.TypstError as error:
        # The standard refuses characters that no font has. What can be shown is shown then, and the rest is said.
        if _UNSHOWN not in str(error):
            raise
    return _compiled(report, made_at, known, note=_NOTE)


def _compiled(report: str, made_at: datetime, fonts: typst.Fonts, *, note: str) -> bytes:
    made: bytes = typst.compile(
        files("capa.api").joinpath("report.typ").read_bytes(),
        font_paths=fonts,
        sys_inputs={"report": report, "note": note},
        timestamp=made_at.replace(microsecond=0),  # PDF knows whole seconds
        pdf_standards=[] if note else ["ua-1"],
    )
    return made


if __name__ == "__main__":
    main()
