from datetime import datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.bodies import is_json, parse_body, refuse_unstorable
from chassis.problems import ProblemError


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=5)
    at: AwareDatetime | None = None


class Complaint(BaseModel):
    model_config = ConfigDict(extra="forbid")

    severity: Literal["low", "high"] = "low"
    people: list[Person] = Field(default_factory=list)


def refused(body: bytes) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        parse_body(body, Complaint)
    return caught.value


def unstorable(body: bytes) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        refuse_unstorable(body)
    return caught.value


def test_a_body_that_fits_is_read() -> None:
    read = parse_body(b'{"people": [{"name": "Ada", "at": "2026-11-22T10:00:00Z"}]}', Complaint)
    assert read.people[0].at == datetime.fromisoformat("2026-11-22T10:00:00+00:00")


def test_each_wrong_value_is_pointed_at_with_what_would_help() -> None:
    problem = refused(
        b'{"severity": "awful", "people": [{"name": "too long", "at": "2026-11-22T10:00:00"}, {"nme": 1}]}'
    )
    found = {error["pointer"]: error["fix"] for error in problem.errors}
    assert (problem.status_code, problem.code) == (422, "invalid_body")
    assert found == {
        "/severity": "send 'low' or 'high'",
        "/people/0/name": "send at most 5 in length",
        "/people/0/at": "add the offset from UTC, as in 2026-11-22T10:30:00+01:00, or Z",
        "/people/1/name": "add it",
        "/people/1/nme": "remove it, or correct its spelling",
    }


def test_the_values_themselves_are_not_repeated() -> None:
    assert "too long" not in str(
        [error["detail"] for error in refused(b'{"people": [{"name": "too long"}]}').errors]
    )


def test_pointers_escape_what_json_pointers_escape() -> None:
    assert refused(b'{"a/b~c": 1}').errors[0]["pointer"] == "/a~1b~0c"


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": }', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_400(body: bytes) -> None:
    problem = refused(body)
    assert (problem.status_code, problem.code) == (400, "malformed_request")
    assert problem.errors[0]["code"] == "json_invalid"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (rb'{"a": ["x", "\u0000"]}', "/a/1", "nul_character"),
        (rb'{"a\u0000b": 1}', "/a\x00b", "nul_character"),
        (rb'{"a": {"b": "\ud83d"}}', "/a/b", "lone_surrogate"),
        (rb'{"a": "\uDE00\uD83D"}', "/a", "lone_surrogate"),
        (b'{"a": "\xff"}', "", "not_utf8"),
        ('{"a": "b"}'.encode("utf-16"), "", "not_utf8"),
        ('{"a": "b"}'.encode("utf-16-le"), "", "not_utf8"),
        (b'{"a": NaN}', "", "json_invalid"),
        (b'{"a": -Infinity}', "", "json_invalid"),
    ],
)
def test_what_postgresql_cannot_hold_is_refused_with_a_pointer(body: bytes, pointer: str, code: str) -> None:
    problem = unstorable(body)
    assert problem.status_code == 400
    assert (problem.errors[0]["pointer"], problem.errors[0]["code"]) == (pointer, code)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"a": "\ud83d\ude00"}',
        rb'{"a": "\\u0000"}',
        b'{"NaN": "Infinity"}',
        '{"a": "ü😀"}'.encode(),
        b"{",
        b"",
    ],
)
def test_harmless_lookalikes_pass(body: bytes) -> None:
    refuse_unstorable(body)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")))
def test_every_text_that_postgresql_holds_passes_however_it_is_spelt(text: str) -> None:
    import json

    refuse_unstorable(json.dumps({"a": text}).encode())
    refuse_unstorable(json.dumps({text: 1}, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("content_type", "json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("text/json", False),
        ("text/csv", False),
        ("", False),
    ],
)
def test_json_is_told_by_its_content_type(content_type: str, json: bool) -> None:  # noqa: FBT001 - a case
    assert is_json(content_type) is json
