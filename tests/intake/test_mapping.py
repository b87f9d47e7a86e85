"""How rows of other people's files become complaints."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.settings import CannotStart
from events.types import CODE_PATTERN
from intake.domain.mapping import Profile, Row, map_row, slug
from intake.settings import load_profiles, read_profile
from intake.usecases.complaint_form import ComplaintForm
from tests.intake.world import CONFIG

HEAD = 'version = "1"\ndescription = "d"\n'


def _profile(folder: Path, text: str) -> Profile:
    file = folder / "test.toml"
    file.write_text(HEAD + text)
    return read_profile(file)


def _value(folder: Path, source: str, row: Row) -> object:
    body, errors = map_row(_profile(folder, f"[fields]\ntitle = {source}"), row)
    assert not errors
    return body.get("title")


@pytest.mark.parametrize(
    ("source", "row", "expected"),
    [
        ('{ columns = ["A"] }', {"A": " x "}, "x"),
        ('{ columns = ["A", "B"] }', {"A": " ", "B": "y"}, "y"),
        ('{ columns = ["A"] }', {}, None),
        ('{ columns = ["A"], default = "d" }', {"A": ""}, "d"),
        ('{ constant = "c", columns = ["A"] }', {"A": "x"}, "c"),
        ('{ columns = ["A"], kind = "slug" }', {"A": "Crédit card, or  prepaid!"}, "credit-card-or-prepaid"),
        ('{ columns = ["A"], kind = "lookup", table = { Web = "web" } }', {"A": "WEB"}, "web"),
        ('{ columns = ["A"], kind = "lookup", default = "other", table = { a = "b" } }', {"A": "z"}, "other"),
        ('{ columns = ["A"], kind = "flag" }', {"A": "Yes"}, True),
        ('{ columns = ["A"], kind = "flag" }', {"A": False}, False),
        ('{ template = "{A}/{B c}" }', {"A": "x", "B c": "y"}, "x/y"),
        ('{ columns = ["A"], template = "none" }', {"A": "x"}, "x"),
        ('{ columns = ["A"], longest = 4 }', {"A": "abcdef"}, "abc…"),
        ('{ columns = ["A"], longest = 4 }', {"A": "abcd"}, "abcd"),
        (
            '{ columns = ["A"], kind = "instant", formats = ["%Y-%m-%d"], zone = "America/New_York" }',
            {"A": "2015-04-06"},
            "2015-04-06T04:00:00+00:00",
        ),
        (
            '{ columns = ["A"], kind = "instant", formats = ["%m/%d/%y", "iso"], zone = "Europe/Berlin" }',
            {"A": "2015-01-06T10:00:00Z"},
            "2015-01-06T10:00:00+00:00",
        ),
        (
            '{ default = "minor", rules = [{ value = "major", when = { A = ["*fraud*"], B = ["x", "y"] } }] }',
            {"A": "A FRAUD!", "B": "Y"},
            "major",
        ),
        (
            '{ default = "minor", rules = [{ value = "major", when = { A = ["*fraud*"], B = ["x"] } }] }',
            {"A": "fraud"},
            "minor",
        ),
        (
            '{ rules = [{ value = "1", when = { A = ["a*"] } }, { value = "2", when = { A = ["ab"] } }] }',
            {"A": "ab"},
            "1",
        ),
    ],
)
def test_a_profile_gives_a_value_from_where_it_says(
    tmp_path: Path, source: str, row: Row, expected: object
) -> None:
    assert _value(tmp_path, source, row) == expected


@pytest.mark.parametrize(
    "source",
    [
        '{ columns = ["A"], kind = "lookup", table = { a = "b" } }',
        '{ columns = ["A"], kind = "instant", formats = ["%Y-%m-%d"], zone = "UTC" }',
        '{ columns = ["A"], kind = "flag" }',
    ],
)
def test_what_cannot_be_read_is_an_error_that_does_not_repeat_the_value(tmp_path: Path, source: str) -> None:
    _, (error,) = map_row(_profile(tmp_path, f"[fields]\ntitle = {source}"), {"A": "Snark"})

    assert (error.pointer, error.code, "Snark" in error.detail) == ("/title", "unreadable", False)


def test_a_dotted_field_is_nested(tmp_path: Path) -> None:
    profile = _profile(tmp_path, '[fields]\n"complainant.country" = { constant = "US" }')

    assert map_row(profile, {}) == ({"complainant": {"country": "US"}}, [])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[fields]\ntitle = { colums = [] }", "fields.title.colums"),
        ('[fields]\ntitle = { zone = "Mars/Base" }', "fields.title.zone"),
        ('[fields]\ntitle = { kind = "magic" }', "fields.title.kind"),
        ("[fields", "cannot be read"),
    ],
)
def test_a_wrong_profile_stops_the_start_with_file_and_place(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(CannotStart, match=named) as stopped:
        _profile(tmp_path, text)

    assert "test.toml" in str(stopped.value)


def test_without_any_profile_the_start_says_which_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="REDRESS_CONFIG_DIR"):
        load_profiles(tmp_path)


def test_the_native_profile_takes_every_field_that_can_be_posted() -> None:
    fields = load_profiles(CONFIG)["native"].fields

    assert {name.partition(".")[0] for name in fields} == set(ComplaintForm.model_fields)


@given(st.text(max_size=300))
def test_a_slug_is_a_code_or_empty(text: str) -> None:
    import re

    made = slug(text)

    assert made == "" or re.fullmatch(CODE_PATTERN, made)
