"""What completes the OpenAPI document that FastAPI makes: every problem, the headers that all read alike, and examples."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from fastapi import FastAPI

from chassis.etags import IF_MATCH_PATTERN
from chassis.examples import Words, add_examples
from chassis.idempotency import HEADER, KEY_PATTERN
from chassis.problem_examples import problem_example
from chassis.problems import MEDIA_TYPE, Problems, ProblemType

_SCHEMAS_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")
_FIT: Final = {
    "body": (400, 413, 415, 422),
    "security": (401, 403),
    "path": (404,),
    "If-Match": (409, 412, 428),
    "Idempotency-Key": (409, 422),
    "any": (400, 429, 500, 503),
}
_LIMITS: Final = "What the key may ask in a minute, and what is left of it; on every answer of an operation that is limited."
_HEADERS: Final = {
    "If-Match": (IF_MATCH_PATTERN, '"v1"'),
    HEADER: (KEY_PATTERN, "8f14e45f-ceea-467f-a9b2-4c2f9a4f0a11"),
}


class DocumentedApi(FastAPI):
    """An application whose OpenAPI document tells of every problem, and shows what is sent and answered."""

    problems: Problems
    words: Words = {}  # noqa: RUF012 - set once, by the factory
    without_example: tuple[str, ...] = ()
    _completed: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Give the completed document; `without_example` then names the values that nothing could be shown for."""
        schema = super().openapi()
        if schema is not self._completed:
            document_problems(schema, self.problems)
            document_headers(schema)
            self.without_example = add_examples(schema, self.words)
            self._completed = schema
        return schema


def document_headers(schema: Mapping[str, Any]) -> None:
    """Say the form of the headers that all services read alike, wherever an operation names one."""
    for operation in _operations(schema):
        for parameter in operation.get("parameters", ()):
            known = _HEADERS.get(parameter["name"]) if parameter["in"] == "header" else None
            if known is not None:
                pattern, example = known
                parameter["schema"] = {"type": "string", "pattern": pattern}
                parameter["example"] = example


def document_problems(schema: dict[str, Any], problems: Problems) -> None:
    """Complete an OpenAPI document: every operation's problems, instead of the framework's own validation error."""
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _SCHEMAS_OF_FASTAPI:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    responses = components.setdefault("responses", {})
    shown = partial(problem_example, problems, address=next(iter(schema.get("paths", ())), "/"))
    any_kind = problems.find("internal_error")
    any_shown = {} if any_kind is None else {any_kind.slug: shown(any_kind)}
    responses["Problem"] = _response("Any other problem.", any_shown)
    for status in sorted({kind.status for kind in problems}):
        kinds = [kind for kind in problems if kind.status == status and kind.code != "http_error"]
        responses[f"Problem{status}"] = _response(
            _meaning(kinds), {kind.slug: shown(kind) for kind in kinds}, status
        )
    for operation in _operations(schema):
        _document(operation, responses)


def _operations(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in schema.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                yield operation


def _document(operation: dict[str, Any], responses: Mapping[str, Any]) -> None:
    documented: dict[str, Any] = operation["responses"]
    if "HTTPValidationError" in str(documented.get("422", "")):
        del documented["422"]
    fitting = set(_FIT["any"])
    if "requestBody" in operation:
        fitting |= set(_FIT["body"])
    if operation.get("security"):
        fitting |= set(_FIT["security"])
    for parameter in operation.get("parameters", ()):
        fitting |= _fitting(parameter)
    for status in sorted(fitting):
        if f"Problem{status}" in responses:
            documented.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    documented.setdefault("default", {"$ref": "#/components/responses/Problem"})


def _fitting(parameter: Mapping[str, Any]) -> set[int]:
    statuses = set(_FIT.get(parameter["name"] if parameter["in"] == "header" else parameter["in"], ()))
    # 428 says that a header is missing, and this one may be.
    return statuses if parameter.get("required") else statuses - {428}


def _response(
    description: str, examples: Mapping[str, Mapping[str, Any]], status: int | None = None
) -> dict[str, Any]:
    headers: dict[str, Any] = {
        "X-Correlation-Id": {
            "description": "Names this request in all logs.",
            "schema": {"type": "string", "format": "uuid"},
        }
    }
    if status in {409, 429, 503}:
        headers["Retry-After"] = {
            "description": "Seconds to wait before a repeat.",
            "schema": {"type": "string"},
        }
    if status == 429:  # noqa: PLR2004 - an HTTP status says best what it is
        for name in ("RateLimit-Policy", "RateLimit"):
            headers[name] = {"description": _LIMITS, "schema": {"type": "string"}}
    if status == 401:  # noqa: PLR2004 - an HTTP status says best what it is
        headers["WWW-Authenticate"] = {
            "description": "The challenge of RFC 6750.",
            "schema": {"type": "string"},
        }
    return {
        "description": description,
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    slug: {"summary": body["title"], "value": body} for slug, body in examples.items()
                },
            }
        },
    }


def _meaning(kinds: Sequence[ProblemType]) -> str:
    return " ".join(f"`{kind.slug}`: {kind.title}." for kind in kinds) or "A problem."


PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "Names the kind of problem for good, and is the address of a page that explains it.",
        },
        "title": {"type": "string", "description": "The kind of problem, for a person."},
        "status": {"type": "integer", "description": "The HTTP status of this answer."},
        "detail": {"type": "string", "description": "What is wrong with this request, for a person."},
        "instance": {"type": "string", "description": "The path that was asked."},
        "trace_id": {"type": "string", "description": "Finds this request in the logs."},
        "errors": {
            "type": "array",
            "description": "One entry for each value at fault.",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to a value in the body."},
                    "parameter": {
                        "type": "string",
                        "description": "Name of a query, path or header parameter.",
                    },
                    "code": {"type": "string", "description": "Why the value is refused, stable."},
                    "detail": {"type": "string", "description": "Why the value is refused, for a person."},
                    "fix": {"type": "string", "description": "What would help."},
                },
            },
        },
    },
    "additionalProperties": True,
}
