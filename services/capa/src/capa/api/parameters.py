"""Parameters that several routes share."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Path, Query

from capa.api.schemas import CodeText
from capa.domain.severity import Severity
from chassis.instants import Instant

T = TypeVar("T")

ProductQuery = Annotated[list[CodeText] | None, Query(description="Products; repeated, any of them.")]
CategoryQuery = Annotated[list[CodeText] | None, Query(description="Categories; repeated, any of them.")]
SiteQuery = Annotated[list[CodeText] | None, Query(description="Sites; repeated, any of them.")]
SeverityQuery = Annotated[list[Severity] | None, Query(description="Severities; repeated, any of them.")]
NonconformityPath = Annotated[
    str, Path(max_length=64, description="A nonconformity's id or number.", examples=["NC-1001"])
]
ActionPath = Annotated[str, Path(max_length=64, description="An action's id or number.", examples=["A-1001"])]
ClosedFrom = Annotated[Instant | None, Query(description="Closed, rejected or cancelled then or later.")]
ClosedTo = Annotated[Instant | None, Query(description="Closed, rejected or cancelled before then.")]
CasePath = Annotated[str, Path(max_length=64, description="A case's id or number.", examples=["CA-1001"])]

STEP_EXTRA: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The ETag of what was read, or * for whatever version there is.",
            "schema": {"type": "string"},
            "example": '"v1"',
        }
    ],
    "responses": {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in (409, 412, 428)
    },
}
"""What the OpenAPI document says about every step beside its body."""


def any_of(values: Iterable[T] | None) -> frozenset[T] | None:
    """Give a repeated parameter's values as a filter has them."""
    return None if values is None else frozenset(values)
