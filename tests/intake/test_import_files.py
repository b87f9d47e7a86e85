"""Reading CSV and NDJSON as they arrive."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.import_files import LONGEST_LINE, LineReader, rows_of
from intake.domain.importing import FileUnreadable, MediaType, StagedRow
from intake.domain.mapping import Profile, Source

PROFILE = Profile(
    name="test",
    version="1",
    description="d",
    fields={
        "external_id": Source(columns=("a",)),
        "title": Source(columns=("b",)),
        "x.y": Source(columns=("c.d",)),
    },
)
CSV: MediaType = "text/csv"
NDJSON: MediaType = "application/x-ndjson"


def _read(kind: MediaType, data: bytes, size: int = 7) -> list[StagedRow]:
    lines, rows = LineReader(), rows_of(kind, PROFILE)
    found: list[StagedRow] = []
    for start in range(0, len(data), size):
        found += rows.feed(lines.feed(data[start : start + size]))
    return [*found, *rows.feed(lines.feed(b"", final=True), final=True)]


def _values(rows: list[StagedRow]) -> list[object]:
    return [json.loads(row.raw) if row.raw else row.error and row.error.code for row in rows]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)] * 2),
        max_size=8,
    ),
    st.integers(1, 40),
    st.sampled_from(["\r\n", "\n"]),
)
def test_a_csv_is_read_the_same_however_it_is_cut_into_pieces(
    cells: list[tuple[str, str]], size: int, end: str
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *cells])

    found = _read(CSV, text.getvalue().encode(), size)

    expected = [
        {name: cell for name, cell in zip("ab", row, strict=True) if cell} for row in cells if any(row)
    ]
    assert _values(found) == expected
    assert [row.number for row in found] == list(range(1, len(expected) + 1))


def test_a_byte_order_mark_and_a_missing_last_line_end_are_borne() -> None:
    assert _values(_read(CSV, "\ufeffa,b\n1,é".encode())) == [{"a": "1", "b": "é"}]


def test_a_row_with_too_few_values_or_bytes_that_are_no_utf8_or_a_bad_quote_loses_no_other_row() -> None:
    data = b'a,b\n1,x\n2\n3,\xff\n4,"x"y\n5,"p\nq"\n6,5" pipe\n7,z\n'

    assert _values(_read(CSV, data)) == [
        {"a": "1", "b": "x"},
        "malformed_row",
        "not_utf8",
        "malformed_row",
        {"a": "5", "b": "p\nq"},
        {"a": "6", "b": '5" pipe'},
        {"a": "7", "b": "z"},
    ]


def test_a_quote_that_is_never_closed_spoils_what_follows_it_and_nothing_before() -> None:
    assert _values(_read(CSV, b'a,b\n1,x\n2,"y\n')) == [{"a": "1", "b": "x"}, "malformed_row"]


@pytest.mark.parametrize(
    ("data", "code"), [(b"a,colour\n1,2\n", "unknown_column"), (b"a,a\n1,2\n", "repeated_column")]
)
def test_a_header_that_does_not_fit_refuses_the_file(data: bytes, code: str) -> None:
    with pytest.raises(FileUnreadable) as refused:
        _read(CSV, data)

    assert [error.code for error in refused.value.errors] == [code]


def test_an_empty_csv_is_refused_for_its_missing_header() -> None:
    with pytest.raises(FileUnreadable, match="empty"):
        _read(CSV, b"")


@pytest.mark.parametrize("kind", [CSV, NDJSON])
def test_a_line_that_never_ends_is_refused(kind: MediaType) -> None:
    with pytest.raises(FileUnreadable, match="characters"):
        _read(kind, b"a" * (LONGEST_LINE + 10), 100_000)


def test_ndjson_takes_objects_and_names_every_line_that_is_none() -> None:
    data = b'{"a": "1", "c": {"d": 2}}\n\n[1]\n{"a":\n{"a": NaN}\n{"a": "\xff"}\n{"colour": 1}\n{"b": null}'

    assert _values(_read(NDJSON, data)) == [
        {"a": "1", "c.d": 2},
        "malformed_row",
        "malformed_row",
        "malformed_row",
        "not_utf8",
        "unknown_column",
        {},
    ]
