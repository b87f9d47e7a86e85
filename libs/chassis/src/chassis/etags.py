"""Optimistic concurrency over HTTP: versions as strong ETags (RFC 9110, RFC 6585)."""

import re
from typing import Final

from starlette.requests import Request

from chassis.problems import ProblemError

_OURS = re.compile(r'"v(\d{1,18})"')
_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')
_MATCHES_NOTHING = 0

IF_MATCH_PATTERN: Final = r'^(\*|(W/)?"[\x21\x23-\x7e]*")$'
"""What `If-Match` looks like to OpenAPI: one entity tag, or `*`."""


def etag(version: int) -> str:
    """Write a version as the strong ETag `"v7"`."""
    return f'"v{version}"'


def expected_version(request: Request) -> int | None:
    """Read from `If-Match` which version the caller changes; None for `*`, which asks only that the thing exists.

    Raises 428 where the header is absent. A tag that is weak or none of ours gives version 0, which nothing has, so
    that the rule's own check answers 412 with the current ETag.
    """
    header = request.headers.get("if-match")
    if header is None:
        raise ProblemError(
            "precondition_required",
            "Send If-Match with the ETag that you read, so that no one's change is lost.",
        )
    if header.strip() == "*":
        return None
    tags = _tags(header)
    if len(tags) != 1:
        raise ProblemError("invalid_parameter", 'If-Match must hold exactly one ETag, such as "v7", or *.')
    weak, tag = tags[0]
    ours = _OURS.fullmatch(tag)
    return int(ours[1]) if ours and not weak else _MATCHES_NOTHING


def expected_version_if_any(request: Request) -> int | None:
    """Read as `expected_version` where `If-Match` may be left out, which asks for no check."""
    return expected_version(request) if "if-match" in request.headers else None


def is_unmodified(request: Request, version: int) -> bool:
    """Tell by `If-None-Match` whether the caller already has this version, so that 304 answers."""
    header = request.headers.get("if-none-match")
    if header is None:
        return False
    return header.strip() == "*" or any(tag == etag(version) for _, tag in _tags(header))


def _tags(header: str) -> list[tuple[bool, str]]:
    return [(bool(found[1]), found[2]) for found in _TAG.finditer(header)]
