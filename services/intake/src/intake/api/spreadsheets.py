"""CSV that is safe to open in a spreadsheet: RFC 4180 in UTF-8, and no value is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take the wide ones too


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Write rows as lines; text that a spreadsheet would compute gets an apostrophe before it."""
    text = io.StringIO()
    csv.writer(text).writerows([harmless(value) for value in row] for row in rows)
    return text.getvalue().encode()


def harmless(value: object) -> object:
    """Keep a spreadsheet from taking a value for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value
