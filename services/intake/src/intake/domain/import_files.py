"""Reads CSV and NDJSON piece by piece, as it arrives: what is a row, and what is none and why."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from common.refusals import FieldError
from intake.domain.importing import FileUnreadable, MediaType, StagedRow
from intake.domain.mapping import Profile, flatten

LONGEST_LINE: Final = 1_000_000
"""Characters of a line, or of a CSV row over several lines, that are read at most."""

_UNFINISHED: Final = "unexpected end of data"
_ESCAPED: Final = range(0xDC80, 0xDD00)


class LineReader:
    """Turns bytes into whole lines; bytes that are no UTF-8 are kept apart, so that only their own row is lost."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._rest = ""
        self._started = False

    def feed(self, chunk: bytes, *, final: bool = False) -> list[str]:
        """Give the lines that are whole now, with their ends; raises FileUnreadable for one without an end."""
        text = self._rest + self._decoder.decode(chunk, final)
        if not self._started and text:
            text, self._started = text.removeprefix("\ufeff"), True
        lines = text.split("\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            raise FileUnreadable(
                f"A line has more than {LONGEST_LINE} characters: is this the right kind of file?"
            )
        whole = [f"{line}\n" for line in lines]
        if final and self._rest:
            whole.append(self._rest)
            self._rest = ""
        return whole


class CsvRows:
    """Rows of a CSV by RFC 4180: the first names the columns, and one that the profile does not know is refused."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._header: list[str] | None = None
        self._pending: list[str] = []
        self._count = 0

    def feed(self, lines: Sequence[str], *, final: bool = False) -> Iterator[StagedRow]:
        """Give the rows that are whole now; raises FileUnreadable where the header does not fit."""
        lines, self._pending = [*self._pending, *lines], []
        reader = csv.reader(lines, strict=True)
        done = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                if final and self._header is None:
                    raise FileUnreadable("The file is empty: its first row must name the columns.") from None
                return
            except csv.Error as error:
                if _UNFINISHED in str(error) and not final:
                    self._keep(lines[done:])
                    return
                done = reader.line_num
                yield self._bad("malformed_row", f"is no row of a CSV file: {error}")
                continue
            done = reader.line_num
            if self._header is None:
                self._header = self._checked(cells)
            elif any(cells):
                yield self._row(self._header, cells)

    def _keep(self, lines: list[str]) -> None:
        self._pending = lines
        if sum(map(len, lines)) > LONGEST_LINE:
            raise FileUnreadable(
                f"A quoted value has more than {LONGEST_LINE} characters: a quote is not closed."
            )

    def _checked(self, cells: list[str]) -> list[str]:
        names = [cell.strip() for cell in cells]
        errors = [
            FieldError(
                "",
                "unknown_column",
                f"{name!r} is not in the profile",
                "remove it, or choose another profile",
            )
            for name in names
            if name not in self._profile.columns
        ]
        errors += [
            FieldError("", "repeated_column", f"{name!r} stands more than once", "keep one")
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]
        if errors:
            raise FileUnreadable(
                f"The header does not fit the profile {self._profile.name}.", *_printable(errors)
            )
        return names

    def _row(self, header: list[str], cells: list[str]) -> StagedRow:
        if len(cells) != len(header):
            return self._bad("malformed_row", f"has {len(cells)} values for {len(header)} columns")
        if any(_is_escaped(cell) for cell in cells):
            return self._bad("not_utf8", "is not UTF-8")
        self._count += 1
        named = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
        return StagedRow(self._count, orjson.dumps(named).decode())

    def _bad(self, code: str, detail: str) -> StagedRow:
        if self._header is None:
            raise FileUnreadable(f"The header {detail}.")
        self._count += 1
        return StagedRow(
            self._count, None, FieldError("", code, detail, "correct the row and import it again")
        )


class NdjsonRows:
    """Rows of an NDJSON file: one object a line; empty lines are passed over."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._count = 0

    def feed(self, lines: Sequence[str], *, final: bool = False) -> Iterator[StagedRow]:
        """Give a row for each line; every line handed over is whole, `final` or not."""
        del final
        for line in lines:
            if line.strip():
                self._count += 1
                yield self._row(line)

    def _row(self, line: str) -> StagedRow:
        if _is_escaped(line):
            return self._bad("not_utf8", "is not UTF-8")
        try:
            found = orjson.loads(line)
        except ValueError:
            return self._bad("malformed_row", "is not JSON")
        if not isinstance(found, dict):
            return self._bad("malformed_row", "is no JSON object")
        flat = flatten(found)
        unknown = sorted(set(flat) - self._profile.columns)
        if unknown:
            shown = ascii(unknown[0])
            return self._bad(
                "unknown_column", f"has {shown}, which is not in the profile {self._profile.name}"
            )
        return StagedRow(self._count, orjson.dumps(flat).decode())

    def _bad(self, code: str, detail: str) -> StagedRow:
        return StagedRow(
            self._count, None, FieldError("", code, detail, "correct the row and import it again")
        )


def rows_of(media_type: MediaType, profile: Profile) -> CsvRows | NdjsonRows:
    """Choose how a file is read."""
    return CsvRows(profile) if media_type == "text/csv" else NdjsonRows(profile)


def _is_escaped(text: str) -> bool:
    return not text.isascii() and any(ord(character) in _ESCAPED for character in text)


def _printable(errors: Sequence[FieldError]) -> list[FieldError]:
    return [
        FieldError(
            error.pointer,
            error.code,
            error.detail.encode("ascii", "backslashreplace").decode()[:200],
            error.fix,
        )
        for error in errors[:20]
    ]
