import re
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from types import ModuleType
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest
from pydantic import StringConstraints, TypeAdapter, ValidationError

from events.catalogue import ANNOUNCES, CONTRACTS, FAMILIES
from events.contracts import capa, case, deadline, intake, lifecycle, notifier, words
from events.contracts.words import Severity, Word
from events.envelope import TYPE_PATTERN, Contract, Part
from events.examples import example_data
from events.fields import NotAllowed, fields_of, parts_of
from events.glossary import STORIES, TERMS, names_of, story_of, term_of
from events.types import ALLOWED, Code, Count, Detail, Id, Instant, StaffText

ANNOUNCED_BY: dict[ModuleType, set[str]] = {
    intake: {"intake"},
    lifecycle: {"intake"},
    capa: {"capa"},
    case: {"capa"},
    notifier: {"notifier"},
    deadline: {"intake", "capa"},
}
EVERY_CONTRACT = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.type)
PARTS = tuple(dict.fromkeys(part for contract in CONTRACTS.values() for part in parts_of(contract)))
EVERY_PART = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
EVERY_WORD = pytest.mark.parametrize(
    "word", [word for word in vars(words).values() if isinstance(word, type)]
)

# Parts of field names that would hold what is known about a person, or what a person said.
PERSONAL = {
    *(
        "name",
        "firstname",
        "lastname",
        "surname",
        "email",
        "mail",
        "phone",
        "mobile",
        "fax",
        "address",
        "street",
    ),
    *(
        "postcode",
        "zip",
        "city",
        "birth",
        "birthday",
        "age",
        "gender",
        "sex",
        "iban",
        "ssn",
        "passport",
        "ip",
    ),
    *(
        "complainant",
        "customer",
        "patient",
        "contact",
        "narrative",
        "description",
        "complaint_text",
        "remedy",
    ),
    *("comment", "message", "body", "attachment", "user"),
}


def contracts_of(module: ModuleType) -> list[type[Contract]]:
    """The contracts that a module defines itself."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Contract) and value.__module__ == module.__name__
    ]


@EVERY_CONTRACT
def test_every_field_is_built_from_the_allowed_types_or_a_closed_list(contract: type[Contract]) -> None:
    assert [field.name for field in fields_of(contract)] == list(contract.model_fields)


@EVERY_PART
def test_every_field_of_a_part_is_built_from_the_allowed_types(part: type[Part]) -> None:
    assert [field.name for field in fields_of(part)] == list(part.model_fields)
    assert all(term_of(part, name).meaning.endswith(".") for name in part.model_fields)


class Piece(Part):
    noun: ClassVar[str] = "deadline"

    clock: Code


class OtherList(StrEnum):
    ONE = "one"


@pytest.mark.parametrize(
    "hint",
    [
        str,
        str | None,
        tuple[str, ...],
        int,
        float,
        bytes,
        object,
        Any,
        UUID,
        datetime,
        dict[str, str],
        list[Code],
        tuple[Code, Code],
        Code | Count,
        OtherList,
        Piece,
        Annotated[str, StringConstraints(max_length=10)],
    ],
)
def test_a_field_of_any_other_type_is_refused(hint: Any) -> None:
    class PlantedV1(Contract):
        type: ClassVar[str] = "redress.complaint.planted.v1"

        product: Code
        planted: hint

    with pytest.raises(NotAllowed, match=re.escape("PlantedV1.planted")):
        fields_of(PlantedV1)


@pytest.mark.parametrize("hint", [str, Severity, Piece, tuple[Piece, ...]])
def test_a_part_has_no_parts_no_closed_lists_and_no_other_types(hint: Any) -> None:
    class Planted(Part):
        noun: ClassVar[str] = "deadline"

        planted: hint

    with pytest.raises(NotAllowed, match=re.escape("Planted.planted")):
        fields_of(Planted)


def test_allowed_types_may_be_optional_or_stand_in_a_list() -> None:
    class PlantedV1(Contract):
        type: ClassVar[str] = "redress.complaint.planted.v1"

        one: Id
        some: tuple[Code, ...] = ()
        maybe: Instant | None = None
        word: Severity | None = None

    assert [(field.word, field.many, field.optional) for field in fields_of(PlantedV1)] == [
        ("Id", False, False),
        ("Code", True, True),
        ("Instant", False, True),
        ("Severity", False, True),
    ]


@pytest.mark.parametrize("told", [*CONTRACTS.values(), *PARTS], ids=lambda told: told.__name__)
def test_no_field_is_named_after_personal_data(told: type[Contract | Part]) -> None:
    for name in told.model_fields:
        assert not {name, *name.split("_")} & PERSONAL


@EVERY_CONTRACT
def test_a_contract_is_frozen_and_closed_to_its_producer(contract: type[Contract]) -> None:
    data = example_data(contract)
    name = next(iter(contract.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(data, name, getattr(data, name))
    assert contract.model_config["extra"] == "forbid"


@EVERY_CONTRACT
def test_the_class_is_named_after_the_type(contract: type[Contract]) -> None:
    assert re.fullmatch(TYPE_PATTERN, contract.type)
    noun, verb, version = names_of(contract)
    assert (
        contract.__name__
        == "".join(part.capitalize() for part in f"{noun}_{verb}".split("_")) + f"V{version}"
    )


@EVERY_CONTRACT
def test_a_contract_says_when_it_is_said(contract: type[Contract]) -> None:
    assert contract.__doc__
    assert contract.__doc__ != Contract.__doc__
    assert contract.__doc__.strip().endswith(".")


@pytest.mark.parametrize("module", ANNOUNCED_BY)
def test_every_contract_is_announced_by_its_modules_service_and_no_other(module: ModuleType) -> None:
    for contract in contracts_of(module):
        announcers = {service for service, contracts in ANNOUNCES.items() if contract in contracts}
        assert announcers
        assert announcers <= ANNOUNCED_BY[module]


def test_the_catalogue_has_every_contract_and_nothing_else() -> None:
    defined = {contract for module in ANNOUNCED_BY for contract in contracts_of(module)}
    assert set(CONTRACTS.values()) == defined
    assert len(CONTRACTS) == len(defined)


def test_versions_of_a_type_count_from_1_without_gaps() -> None:
    for family in FAMILIES:
        versions = sorted(
            names_of(contract)[2] for name, contract in CONTRACTS.items() if name.startswith(f"{family}.v")
        )
        assert versions[0] == 1
        assert all(later == earlier + 1 for earlier, later in pairwise(versions))


@EVERY_CONTRACT
def test_every_field_is_explained_with_an_example_that_fits(contract: type[Contract]) -> None:
    assert all(term_of(contract, name).meaning.endswith(".") for name in contract.model_fields)
    assert isinstance(example_data(contract), contract)


def test_the_glossary_explains_nothing_that_is_not_there() -> None:
    nouns = {
        (names_of(contract)[0], name) for contract in CONTRACTS.values() for name in contract.model_fields
    } | {(part.noun, name) for part in PARTS for name in part.model_fields}
    own = {f"{noun}.{name}" for noun, name in nouns if f"{noun}.{name}" in TERMS}
    general = {name for noun, name in nouns if f"{noun}.{name}" not in TERMS}
    assert set(TERMS) == own | general


def test_every_story_has_its_key_and_no_other_is_told() -> None:
    told = {
        (service, names_of(contract)[0]) for service, contracts in ANNOUNCES.items() for contract in contracts
    }
    assert set(STORIES) == told
    assert all(
        story_of(service, contract) for service, contracts in ANNOUNCES.items() for contract in contracts
    )


@EVERY_WORD
def test_every_closed_list_falls_back_on_unknown(word: type[Word]) -> None:
    if word is not Word and issubclass(word, Word):
        assert word("a word from the future") is word("unknown")


def test_a_code_is_no_free_text() -> None:
    for text in ("", "two words", "Anna Berg", "line\n", "x" * 101, "é", "-x"):
        with pytest.raises(ValidationError):
            TypeAdapter(Code).validate_python(text)


def test_staff_text_and_counts_fit_every_consumers_database() -> None:
    for hint, bad in ((StaffText, "a\x00b"), (StaffText, "x" * 2_001), (Count, 2**31), (Count, -1)):
        with pytest.raises(ValidationError):
            TypeAdapter(hint).validate_python(bad)
    assert TypeAdapter(StaffText).validate_python("two\nlines: ünïcode") == "two\nlines: ünïcode"


def test_every_allowed_type_has_a_name_for_the_documents() -> None:
    class PlantedV1(Contract):
        type: ClassVar[str] = "redress.complaint.planted.v1"

        detail: Detail

    assert fields_of(PlantedV1)[0].word == "Detail"
    assert len(ALLOWED) == 9
