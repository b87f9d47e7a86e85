"""Lists by keyset: opaque cursors that are signed, and pages that say where the next one is."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

import orjson
from fastapi import Query, Request, Response
from pydantic import BaseModel, Field, SecretStr

from chassis.auth import pepper_bytes
from chassis.problems import ProblemError, at_parameter
from common.page import Page

_VERSION: Final = 1
_TAG_BYTES: Final = 12
_LONGEST: Final = 1024

DEFAULT_LIMIT: Final = 25
MAXIMAL_LIMIT: Final = 100

Limit = Annotated[int, Query(ge=1, le=MAXIMAL_LIMIT, description="How many items a page has at most.")]
"""The `limit` parameter of every list; declare it as `limit: Limit = DEFAULT_LIMIT`."""

Cursor = Annotated[
    str | None,
    Query(
        max_length=_LONGEST,
        description="`next_cursor` of the page before, with the same filters; absent for the first.",
    ),
]
"""The `cursor` parameter of every list; declare it as `cursor: Cursor = None`."""

T = TypeVar("T")


class PageOf(BaseModel, Generic[T]):
    """One page of a list; the next is read with `cursor=<next_cursor>` and the same filters."""

    items: list[T] = Field(description="The items of this page, in the order of the list.")
    next_cursor: str | None = Field(description="Cursor of the next page, null on the last.")
    has_more: bool = Field(description="Whether there is a next page.")


class Cursors:
    """Seals and opens cursors; one made with another secret, for other filters or by another release is refused."""

    def __init__(self, secret: str | SecretStr) -> None:
        self._secret = hmac.digest(pepper_bytes(secret), b"redress.cursor", hashlib.sha256)

    def seal(self, keys: Sequence[str], filters: Mapping[str, object]) -> str:
        """Write the sort keys of a page's last item, bound to the list's filters and sort order."""
        payload = orjson.dumps([_VERSION, list(keys), _filter_hash(filters)])
        return base64.urlsafe_b64encode(self._tag(payload) + payload).rstrip(b"=").decode()

    def open(
        self, cursor: str | None, filters: Mapping[str, object], *, parameter: str = "cursor"
    ) -> tuple[str, ...] | None:
        """Give the sort keys to go on after, or None for a first page; raises the 400 problem `invalid-cursor`.

        `parameter` is where the cursor came from.
        """
        if cursor is None:
            return None
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise _invalid(parameter, "It is not one that this service made.") from None
        tag, payload = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(payload)):
            raise _invalid(parameter, "It is not one that this service made.")
        version, keys, filter_hash = orjson.loads(payload)
        if version != _VERSION:
            raise _invalid(parameter, "It is of another release.")
        if filter_hash != _filter_hash(filters):
            raise _invalid(parameter, "It belongs to a list with other filters.")
        return tuple(keys)

    def _tag(self, payload: bytes) -> bytes:
        return hmac.digest(self._secret, payload, hashlib.sha256)[:_TAG_BYTES]


def render_page(
    request: Request,
    response: Response,
    page: Page[Any],
    items: Sequence[T],
    *,
    cursors: Cursors,
    filters: Mapping[str, object],
) -> PageOf[T]:
    """Make a list's answer from a page and its rendered items, with the `Link` to the next page on the response."""
    cursor = None if page.next_keys is None else cursors.seal(page.next_keys, filters)
    if cursor is not None:
        response.headers["Link"] = f'<{next_link(request, cursor)}>; rel="next"'
    return PageOf(items=list(items), next_cursor=cursor, has_more=cursor is not None)


def next_link(request: Request, cursor: str) -> str:
    """Give the URL of the next page: this request's, under the public URL where one is set, with another cursor."""
    url = request.url.include_query_params(cursor=cursor)
    query = f"?{url.query}" if url.query else ""
    return f"{request.app.state.problems.base(str(request.base_url))}{request.url.path}{query}"


def _filter_hash(filters: Mapping[str, object]) -> str:
    plain = orjson.dumps(
        {key: value for key, value in filters.items() if value is not None},
        option=orjson.OPT_SORT_KEYS,
        default=_plain,
    )
    return hashlib.sha256(plain).hexdigest()[:16]


def _plain(value: object) -> object:
    return sorted(str(part) for part in value) if isinstance(value, set | frozenset) else str(value)


def _invalid(parameter: str, reason: str) -> ProblemError:
    detail = f"The cursor cannot be used. {reason}"
    return ProblemError(
        "invalid_cursor",
        detail,
        errors=[at_parameter(parameter, "invalid_cursor", reason, f"start again without `{parameter}`")],
    )
