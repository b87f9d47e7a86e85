"""The documents show what every operation takes and answers, and nothing that the services would not take or say."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chassis.openapi import DocumentedApi
from tests.identity.conftest import Apis

SERVICES = ("intake", "capa", "notifier")


def document_of(apis: Apis, service: str) -> dict[str, Any]:
    return apis.apps[service].openapi()


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every content of a request, of an answer, and of a problem, by where it stands."""
    for name, operation in operations(document):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} takes {kind}", media
        for status, response in operation["responses"].items():
            for kind, media in response.get("content", {}).items():
                yield f"{name} answers {status} {kind}", media
    for name, response in document["components"]["responses"].items():
        for kind, media in response["content"].items():
            yield f"{name} {kind}", media


def shown(media: Mapping[str, Any]) -> list[Any]:
    if "example" in media:
        return [media["example"]]
    return [example["value"] for example in media.get("examples", {}).values()]


def is_binary(kind: str, media: Mapping[str, Any]) -> bool:
    return "binary" in str(media.get("schema")) and not any(text in kind for text in ("csv", "ndjson"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_value_of_every_operation_has_an_example(apis: Apis, service: str) -> None:
    app = apis.apps[service]
    app.openapi()
    assert isinstance(app, DocumentedApi)
    # Give the field `examples=[…]`, or its name a word in the service's api/examples.py; other content gets `example`.
    assert app.without_example == ()


@pytest.mark.parametrize("service", SERVICES)
def test_every_request_answer_problem_and_required_parameter_is_shown(apis: Apis, service: str) -> None:
    document = document_of(apis, service)
    bare = [where for where, media in bodies(document) if not is_binary(where, media) and shown(media) == []]
    bare += [
        f"{name} {parameter['name']}"
        for name, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter.get("required") and "example" not in parameter
    ]
    assert bare == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_example_is_what_its_schema_allows(apis: Apis, service: str) -> None:
    document = document_of(apis, service)
    checker = Draft202012Validator.FORMAT_CHECKER
    wrong, seen = [], 0
    for where, media in bodies(document):
        if "schema" not in media:
            continue
        schema = {"components": document["components"], **media["schema"]}
        for example in shown(media):
            seen += 1
            validator = Draft202012Validator(schema, format_checker=checker)
            wrong += [
                f"{where} {error.json_path}: {error.message}" for error in validator.iter_errors(example)
            ]
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if "example" in parameter:
                validator = Draft202012Validator(parameter["schema"], format_checker=checker)
                wrong += [
                    f"{name} {parameter['name']}: {error.message}"
                    for error in validator.iter_errors(parameter["example"])
                ]
    assert wrong == []
    assert seen > 30


@pytest.mark.parametrize("service", SERVICES)
def test_every_problem_that_a_service_knows_is_shown_under_its_status(apis: Apis, service: str) -> None:
    app = apis.apps[service]
    document = app.openapi()
    for kind in app.state.problems:
        if kind.code == "http_error":
            continue
        response = document["components"]["responses"][f"Problem{kind.status}"]
        example = response["content"]["application/problem+json"]["examples"][kind.slug]["value"]
        assert (example["status"], example["title"]) == (kind.status, kind.title)
        assert example["type"].endswith(kind.uri or f"/problems/{kind.slug}")
        assert len(example["detail"]) > 15
