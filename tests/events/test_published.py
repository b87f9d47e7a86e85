import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from events import codec, published
from events.asyncapi import asyncapi
from events.catalogue import ANNOUNCES, CONTRACTS, topics
from events.envelope import Contract
from events.events_page import events_page
from events.examples import example_record
from events.fields import parts_of
from events.header_list import HEADERS
from events.published import REVISIONS, SCHEMAS, golden_record, golden_text, main
from events.schemas import schema_of
from tests.support.events import a_complaint_received

ROOT = Path(__file__).parents[2]
RECEIVED = "redress.complaint.received.v1"
EVERY_CONTRACT = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.type)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in which everything is up to date."""
    assert run("write", tmp_path) == 0
    assert run("goldens", tmp_path) == 0
    return tmp_path


def run(verb: str, root: Path) -> int:
    return main([verb, "--root", str(root)])


def edit(path: Path, **changes: Any) -> None:
    """Change properties of a schema on disk; None takes one out."""
    schema = json.loads(path.read_text("utf-8"))
    properties = schema["properties"] | changes
    schema["properties"] = {name: value for name, value in properties.items() if value is not None}
    schema["required"] = [name for name in schema["required"] if name in schema["properties"]]
    path.write_text(json.dumps(schema), "utf-8")


def texts(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text("utf-8") for path in root.rglob("*.*") if path.is_file()
    }


def test_what_is_committed_is_what_todays_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", ROOT) == 0, capsys.readouterr().err


def test_a_repository_just_written_passes_the_check(root: Path) -> None:
    assert run("check", root) == 0


def test_writing_twice_changes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = texts(root)
    capsys.readouterr()
    assert run("write", root) == 0
    assert texts(root) == before
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", ["docs/events.md", "docs/asyncapi.json", f"{SCHEMAS}/{RECEIVED}.json"])
@pytest.mark.parametrize("damage", ["gone", "other"])
def test_a_stale_or_missing_document_is_named_with_the_command_that_fixes_it(
    root: Path, path: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if damage == "gone":
        (root / path).unlink()
    else:
        (root / path).write_text("{}", "utf-8")
    assert run("check", root) == 1
    said = capsys.readouterr().err
    assert path in said
    assert "python -m events.published write" in said
    assert run("write", root) == 0
    assert run("check", root) == 0


def test_a_schema_of_nothing_is_stale(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / SCHEMAS / "redress.weather.changed.v1.json").write_text("{}", "utf-8")
    assert run("check", root) == 1
    assert "redress.weather.changed.v1.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "was"),
    [
        ("removed", {"mood": {"type": "string"}}),
        ("newly required", {"product": None}),
        ("narrowed", {"product": {"type": "string"}}),
        ("no longer nullable", {"product": {"anyOf": [{"type": "string"}, {"type": "null"}]}}),
        ("default changed", {"historical": {"type": "boolean", "default": True}}),
    ],
)
def test_a_change_that_breaks_readers_of_a_published_revision_fails_and_nothing_is_written(
    root: Path, kind: str, was: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root / REVISIONS / f"{RECEIVED}.1.json", **was)
    before = texts(root)
    assert (run("check", root), run("write", root)) == (1, 1)
    assert kind in capsys.readouterr().err
    assert texts(root) == before


def test_a_published_type_that_is_gone_from_the_code_fails(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = root / REVISIONS / "redress.complaint.vanished.v1.1.json"
    gone.write_text((root / REVISIONS / f"{RECEIVED}.1.json").read_text("utf-8"), "utf-8")
    assert run("check", root) == 1
    assert "redress.complaint.vanished.v1 was published and is gone" in capsys.readouterr().err


def test_an_allowed_change_becomes_the_next_revision_and_leaves_the_first_alone(root: Path) -> None:
    first = root / REVISIONS / f"{RECEIVED}.1.json"
    edit(first, lot=None)
    earlier = first.read_text("utf-8")
    assert run("check", root) == 1
    assert run("write", root) == 0
    assert first.read_text("utf-8") == earlier
    assert "lot" in json.loads((root / REVISIONS / f"{RECEIVED}.2.json").read_text("utf-8"))["properties"]
    assert run("check", root) == 0


def test_every_published_revision_stays_readable_and_not_only_the_newest(root: Path) -> None:
    folder = root / REVISIONS
    (folder / f"{RECEIVED}.2.json").write_text((folder / f"{RECEIVED}.1.json").read_text("utf-8"), "utf-8")
    edit(folder / f"{RECEIVED}.1.json", mood={"type": "string"})
    assert run("check", root) == 1


def test_better_words_make_no_new_revision(root: Path) -> None:
    first = root / REVISIONS / f"{RECEIVED}.1.json"
    first.write_text(first.read_text("utf-8").replace("was accepted", "was taken"), "utf-8")
    assert run("check", root) == 0


def test_a_missing_golden_is_named_and_an_existing_one_is_never_edited(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root / published.GOLDENS
    (folder / f"{RECEIVED}.json").unlink()
    other = folder / "redress.triage.decided.v1.json"
    other.write_text("{}", "utf-8")
    assert run("check", root) == 1
    said = capsys.readouterr().err
    assert f"{RECEIVED}.json" in said
    assert "python -m events.published goldens" in said
    assert run("goldens", root) == 0
    assert (folder / f"{RECEIVED}.json").exists()
    assert other.read_text("utf-8") == "{}"


@EVERY_CONTRACT
def test_a_golden_reads_as_the_record_that_it_was_written_from(contract: type[Contract]) -> None:
    assert golden_record(golden_text(example_record(contract))) == example_record(contract)


@EVERY_CONTRACT
def test_a_schema_is_valid_open_and_explains_every_field(contract: type[Contract]) -> None:
    schema = schema_of(contract)
    Draft202012Validator.check_schema(schema)
    assert "additionalProperties" not in schema
    assert set(schema["properties"]) == set(contract.model_fields)
    assert all(field["description"] for field in schema["properties"].values())
    for part in parts_of(contract):
        listed = schema["$defs"][part.__name__]
        assert "additionalProperties" not in listed
        assert set(listed["properties"]) == set(part.model_fields)
        assert all(field["description"] for field in listed["properties"].values())


@EVERY_CONTRACT
def test_the_page_tells_every_type_with_its_fields(contract: type[Contract]) -> None:
    section = events_page().partition(f"### {contract.type}\n")[2].partition("\n#")[0]
    assert contract.__doc__
    assert contract.__doc__ in section
    assert all(f"| `{name}` |" in section for name in contract.model_fields)
    for part in parts_of(contract):
        table = section.partition(f"\n{part.__name__}: ")[2]
        assert all(f"| `{name}` |" in table for name in part.model_fields)


def test_staff_text_is_called_so_on_the_page() -> None:
    assert "| `explanation` | StaffText |" in events_page()
    assert "never a complainant's words" in events_page()


def test_links_of_the_page_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", events_page()):
        assert (ROOT / "docs" / target).exists(), target


def test_the_headers_told_are_those_of_a_complete_event() -> None:
    event = a_complaint_received(
        causation_id=a_complaint_received().id,
        sequence=1,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate="crm=1",
    )
    assert sorted(name for name, _ in codec.headers_of(event)) == sorted(header.name for header in HEADERS)


def test_the_headers_called_optional_are_those_that_may_be_missing() -> None:
    told = {name for name, _ in codec.headers_of(a_complaint_received(sequence=1))}
    assert told == {header.name for header in HEADERS if not header.optional}


@EVERY_CONTRACT
def test_the_headers_and_data_of_an_example_fit_the_asyncapi_document(contract: type[Contract]) -> None:
    document = asyncapi()
    message = document["components"]["messages"][contract.type]
    for part, schema in (("headers", message["headers"]), ("payload", message["payload"])):
        rooted = {**schema, "components": document["components"]}
        Draft202012Validator(rooted).validate(message["examples"][0][part])


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    if isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for reference in set(references(document)):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_nested_definitions_are_hoisted_in_the_asyncapi_document() -> None:
    assert "$defs" not in json.dumps(asyncapi())


def test_the_asyncapi_document_has_every_topic_and_the_messages_told_on_it() -> None:
    channels = asyncapi()["channels"]
    assert set(channels) == set(topics())
    for service, contracts in ANNOUNCES.items():
        assert set(channels[f"redress.{service}"]["messages"]) == {contract.type for contract in contracts}
