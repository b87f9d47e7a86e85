"""A change of an OpenAPI document that breaks a client is found, and one that does not is let pass."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.outside_tools import leave_out
from tests.support.scripts import ROOT, load_script

Document = dict[str, Any]
Change = Callable[[Document], object]


changes = load_script("api_changes")


@pytest.fixture(scope="module", name="tool")
def fixture_tool() -> Path:
    found: Path | None = changes.oasdiff()
    if found is None:
        leave_out(changes.ABSENT)
    return found


def _schema(document: Document, name: str) -> Any:
    return document["components"]["schemas"][name]


def _body(document: Document) -> Any:
    return document["paths"]["/v1/complaints"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def _list(document: Document) -> Any:
    return document["paths"]["/v1/complaints"]["get"]


def _remove_field(document: Document) -> None:
    schema = _schema(document, "ComplaintOut")
    del schema["properties"]["lot"]
    schema["required"].remove("lot")


def _change_type(document: Document) -> None:
    _schema(document, "ComplaintOut")["properties"]["version"]["type"] = "string"


def _require_scope(document: Document) -> None:
    for scheme in _list(document)["security"]:
        for scopes in scheme.values():
            scopes.append("complaints:secret")


def _make_nullable(document: Document) -> None:
    field = _schema(document, "ComplaintOut")["properties"]["version"]
    field["anyOf"] = [{"type": field.pop("type")}, {"type": "null"}]


BREAKING: dict[str, Change] = {
    "a path is removed": lambda document: document["paths"].pop("/v1/complaints/{reference}/history"),
    "an operation is removed": lambda document: document["paths"]["/v1/complaints/{reference}"].pop("patch"),
    "a field of an answer is removed": _remove_field,
    "a field of an answer has another type": _change_type,
    "a field of an answer may be null": _make_nullable,
    "a field of a request must be there": lambda document: _body(document)["required"].append("lot"),
    "a field of a request is removed": lambda document: _body(document)["properties"].pop("lot"),
    "a word of a request is refused": lambda document: _body(document)["properties"]["channel"]["enum"].pop(),
    "a text of a request is bounded more": lambda document: _body(document)["properties"][
        "description"
    ].update(maxLength=100),
    "a parameter is removed": lambda document: _list(document)["parameters"].pop(0),
    "a parameter must be there": lambda document: _list(document)["parameters"][0].update(required=True),
    "another status tells of success": lambda document: document["paths"]["/v1/complaints"]["post"][
        "responses"
    ].pop("201"),
    "another scope is needed": _require_scope,
}

COMPATIBLE: dict[str, Change] = {
    "a path is added": lambda document: document["paths"].update({"/v1/new": {"get": _list(document)}}),
    "a field of an answer is added": lambda document: _schema(document, "ComplaintOut")["properties"].update(
        new={"type": "string"}
    ),
    "an optional field of a request is added": lambda document: _body(document)["properties"].update(
        new={"type": "string"}
    ),
    "a word of a request is added": lambda document: _body(document)["properties"]["channel"]["enum"].append(
        "pigeon"
    ),
    "an optional parameter is added": lambda document: _list(document)["parameters"].append(
        {"name": "new", "in": "query", "schema": {"type": "string"}}
    ),
    "words say it better": lambda document: _list(document).update(description="List them all."),
    "a problem gets another example": lambda document: document["components"]["responses"]["Problem404"][
        "content"
    ]["application/problem+json"].update(examples={}),
}


def _found(tool: Path, folder: Path, change: Change) -> str:
    published: Document = json.loads((ROOT / "docs/openapi/intake.json").read_text())
    today = copy.deepcopy(published)
    change(today)
    assert today != published
    for name, document in (("published", published), ("today", today)):
        (folder / f"{name}.json").write_text(json.dumps(document))
    found: str = changes.breaking_changes(tool, folder / "published.json", folder / "today.json")
    return found


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_a_client_is_found(tool: Path, tmp_path: Path, change: Change) -> None:
    assert "error" in _found(tool, tmp_path, change)


@pytest.mark.parametrize("change", COMPATIBLE.values(), ids=COMPATIBLE.keys())
def test_what_breaks_no_client_is_let_pass(tool: Path, tmp_path: Path, change: Change) -> None:
    assert _found(tool, tmp_path, change) == ""


def test_a_document_that_cannot_be_read_is_no_success(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(RuntimeError, match=r"broken\.json"):
        changes.breaking_changes(tool, ROOT / "docs/openapi/intake.json", tmp_path / "broken.json")


def test_every_document_has_a_published_one_that_it_does_not_break(tool: Path) -> None:
    assert {path.name for path in changes.TODAY.glob("*.json")} == {
        path.name for path in changes.PUBLISHED.glob("*.json")
    }
    assert changes.check() == 0
    assert tool.exists()


def test_without_the_tool_the_check_says_so_and_only_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDRESS_OPENAPI_CACHE", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    assert changes.check() == 0
    assert "NOT CHECKED" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    assert changes.check() == 1
