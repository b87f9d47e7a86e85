"""Examples of problems: each is written by the code that writes the problems themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chassis.problems import INTERNAL_DETAIL, Problems, ProblemType, at_parameter, at_pointer

_TRACE: Final = "0199f0c2d5a17c3e8f4b2a6d9c1e7f30"
_BASE: Final = "https://redress.example.org"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a problem says of one request."""

    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)


def problem_example(problems: Problems, kind: ProblemType, *, address: str) -> dict[str, Any]:
    """Write the example of one type of problem, as if it were answered at this address."""
    said = _SAID.get(kind.code) or _Said(f"{kind.explanation.partition('. ')[0].rstrip('.')}.")
    return problems.body(
        kind.code,
        said.detail,
        request_base=_BASE,
        instance=address,
        trace_id=_TRACE,
        errors=said.errors,
        extensions=said.extensions,
    )


_SAID: Final[Mapping[str, _Said]] = {
    "malformed_request": _Said(
        "The body is not JSON: expected value at line 1 column 12.",
        [
            at_pointer(
                "",
                "json_invalid",
                "The body is not JSON: expected value at line 1 column 12 at character 11",
                "send valid JSON in UTF-8",
            )
        ],
    ),
    "unknown_parameter": _Said(
        "Unknown query parameter colour: use one of: cursor, limit.",
        [
            at_parameter(
                "colour", "unknown_parameter", "this operation does not know it", "use one of: cursor, limit"
            )
        ],
        {"known_parameters": ["cursor", "limit"]},
    ),
    "invalid_parameter": _Said(
        "limit: Input should be less than or equal to 100.",
        [
            at_parameter(
                "limit", "less_than_equal", "Input should be less than or equal to 100", "send at most 100"
            )
        ],
    ),
    "invalid_cursor": _Said(
        "The cursor cannot be used. It belongs to a list with other filters.",
        [
            at_parameter(
                "cursor",
                "invalid_cursor",
                "It belongs to a list with other filters.",
                "start again without a cursor",
            )
        ],
    ),
    "forbidden": _Said(
        "The API key 'desk' lacks the scope things:write.", extensions={"missing_scopes": ["things:write"]}
    ),
    "invalid_body": _Said(
        "/reason: Field required.", [at_pointer("/reason", "missing", "Field required", "add it")]
    ),
    "stale_version": _Said("version 3 was read, but the current version is 4: read it again"),
    "precondition_required": _Said(
        "Send If-Match with the ETag that you read, so that no one's change is lost."
    ),
    "internal_error": _Said(INTERNAL_DETAIL),
    "database_away": _Said("The database cannot be reached just now."),
    "busy": _Said("Others hold what this request needs."),
}
