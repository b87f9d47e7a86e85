from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, StringConstraints, create_model

from events.compatibility import Incompatibility, Kind, incompatibilities
from events.contracts.words import Word
from events.envelope import Contract, Part
from events.schemas import schema_of
from events.types import Code, Count, Flag, Id, Instant, StaffText


class Planted(Contract):
    """What all planted contracts are versions of."""

    type: ClassVar[str] = "redress.complaint.planted.v1"


class PlantedPart(Part):
    """What all planted parts are versions of."""

    noun: ClassVar[str] = "complaint"


class Mood(Word):
    """How cross."""

    CALM = "calm"
    CROSS = "cross"
    UNKNOWN = "unknown"


class WiderMood(Word):
    """How cross, more finely."""

    CALM = "calm"
    CROSS = "cross"
    FURIOUS = "furious"
    UNKNOWN = "unknown"


class NarrowerMood(Word):
    """How cross, at all."""

    CALM = "calm"
    UNKNOWN = "unknown"


ROW = {"type": "string", "enum": ["a", "b"]}

BEFORE: dict[str, Any] = {
    "complaint_id": (Id, ...),
    "product": (Code, ...),
    "mood": (Mood, ...),
    "lot": (Code | None, None),
    "historical": (Flag, False),
    "changed": (tuple[Code, ...], ...),
    "count": (Count, ...),
    "note": (StaffText, ...),
    "at": (Instant, ...),
}


def a_schema(**changes: Any) -> dict[str, Any]:
    """The contract before, with some fields changed, added, or left out where None."""
    fields = {name: field for name, field in (BEFORE | changes).items() if field is not None}
    return schema_of(create_model("PlantedV1", __base__=Planted, **fields))


def found(**changes: Any) -> list[tuple[str, Kind]]:
    return [(one.where, one.kind) for one in incompatibilities(a_schema(), a_schema(**changes))]


def short(kind: Any, length: int) -> Any:
    return Annotated[kind, StringConstraints(max_length=length)]


def test_an_unchanged_contract_is_compatible_with_itself() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"team": (Code | None, None)},
        {"urgent": (Flag, False)},
        {"others": (tuple[Code, ...], ())},
        {"moods": (Mood | None, None)},
        {"mood": (WiderMood, ...)},
        {"product": (Annotated[Code, Field(description="Better words.")], ...)},
    ],
    ids=["nullable", "default", "list", "word", "enum widened with fallback", "description"],
)
def test_optional_fields_with_a_default_new_words_and_better_descriptions_are_allowed(
    changes: dict[str, Any],
) -> None:
    assert found(**changes) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"product": None}, [("/product", "removed")]),
        ({"lot": None}, [("/lot", "removed")]),
        ({"lot": None, "batch": (Code | None, None)}, [("/lot", "removed")]),
        ({"product": None, "item": (Code, ...)}, [("/product", "removed"), ("/item", "newly required")]),
        ({"team": (Code, ...)}, [("/team", "newly required")]),
        (
            {"historical": (Flag, ...)},
            [("/historical", "newly required"), ("/historical", "default removed")],
        ),
        ({"lot": (Code | None, ...)}, [("/lot", "newly required"), ("/lot", "default removed")]),
        ({"product": (Code, "loans")}, [("/product", "no longer required")]),
        ({"historical": (Flag, True)}, [("/historical", "default changed")]),
        ({"lot": (Code, "none")}, [("/lot", "default changed"), ("/lot", "no longer nullable")]),
        ({"product": (Code | None, ...)}, [("/product", "newly nullable")]),
        ({"mood": (NarrowerMood, ...)}, [("/mood", "words removed")]),
        ({"count": (Annotated[int, Field(ge=1, le=2_147_483_647)], ...)}, [("/count", "narrowed")]),
        ({"count": (Annotated[int, Field(ge=0, le=9)], ...)}, [("/count", "narrowed")]),
        ({"count": (Annotated[int, Field(ge=0)], ...)}, [("/count", "widened")]),
        ({"note": (short(StaffText, 10), ...)}, [("/note", "narrowed")]),
        ({"note": (short(StaffText, 9_999), ...)}, [("/note", "widened")]),
        ({"note": (Annotated[str, StringConstraints(max_length=2_000)], ...)}, [("/note", "widened")]),
        ({"product": (Annotated[str, StringConstraints(pattern="^x$")], ...)}, [("/product", "changed")]),
        ({"product": (Id, ...)}, [("/product", "narrowed"), ("/product", "widened")]),
        ({"at": (Code, ...)}, [("/at", "widened"), ("/at", "narrowed")]),
        (
            {"count": (Code, ...)},
            [("/count", "widened")] * 2 + [("/count", "narrowed"), ("/count", "changed")],
        ),
        ({"changed": (tuple[Id, ...], ...)}, [("/changed/items", "narrowed"), ("/changed/items", "widened")]),
        (
            {"changed": (Code, ...)},
            [("/changed", "narrowed"), ("/changed", "changed"), ("/changed/items", "changed")],
        ),
        (
            {"mood": (Code, ...)},
            [("/mood", "widened"), ("/mood", "narrowed")],
        ),
    ],
)
def test_whatever_breaks_a_reader_is_found(
    changes: dict[str, Any], expected: Sequence[tuple[str, Kind]]
) -> None:
    assert found(**changes) == expected


def of_row(row: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"row": row}, "required": ["row"]}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (ROW, {"type": "string", "enum": ["a", "b", "c"]}, "words added without `unknown`"),
        (ROW, {"type": "string", "enum": ["a", "b", "unknown"]}, "words added without `unknown`"),
        ({"type": "string"}, ROW, "narrowed"),
        ({"type": "number"}, {"type": "integer"}, "narrowed"),
        ({"type": "integer"}, {"type": "number"}, "widened"),
        ({"type": "string"}, {"type": "string", "futureKeyword": 1}, "narrowed"),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array"}, "changed"),
        ({"type": "boolean", "default": False}, {"type": "boolean", "default": 0}, "default changed"),
    ],
)
def test_changes_that_our_own_types_cannot_make_are_found_too(
    old: dict[str, Any], new: dict[str, Any], kind: Kind
) -> None:
    assert [one.kind for one in incompatibilities(of_row(old), of_row(new))] == [kind]


def test_a_field_that_may_be_absent_without_a_default_is_refused() -> None:
    new = a_schema()
    new["properties"]["team"] = {"type": "string"}
    assert incompatibilities(a_schema(), new) == [Incompatibility("/team", "added without a default")]


def test_fields_inside_a_field_are_compared_as_well() -> None:
    old = of_row({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}})
    new = of_row({"type": "object", "properties": {"a": {"type": "string"}}})
    assert incompatibilities(old, new) == [Incompatibility("/row/b", "removed")]


def test_moving_a_list_of_words_to_another_name_changes_nothing() -> None:
    old, new = a_schema(), a_schema()
    new["$defs"]["Temper"] = new["$defs"].pop("Mood")
    new["properties"]["mood"]["$ref"] = "#/$defs/Temper"
    assert incompatibilities(old, new) == []


def test_an_incompatibility_says_where_and_what_in_a_line() -> None:
    (one,) = incompatibilities(a_schema(), a_schema(mood=(NarrowerMood, ...)))
    assert str(one) == "/mood: words removed (cross)"


def a_schema_of_parts(**fields: Any) -> dict[str, Any]:
    part = create_model("PlantedPart", __base__=PlantedPart, **fields)
    return a_schema(changed=(tuple[part, ...], ...))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"clock": (Code, ...), "team": (Code | None, None)}, []),
        ({}, [("/changed/items/clock", "removed")]),
        ({"clock": (Code, ...), "team": (Code, ...)}, [("/changed/items/team", "newly required")]),
        ({"clock": (Id, ...)}, [("/changed/items/clock", "narrowed"), ("/changed/items/clock", "widened")]),
    ],
)
def test_a_part_changes_as_a_contract_does(
    fields: dict[str, Any], expected: Sequence[tuple[str, Kind]]
) -> None:
    changes = incompatibilities(a_schema_of_parts(clock=(Code, ...)), a_schema_of_parts(**fields))
    assert [(one.where, one.kind) for one in changes] == expected
