"""What no route should see of a request: a body too large or unstorable, an address that is no text, unknown parameters."""

from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.types import Message, Receive, Scope

from chassis.bodies import refuse_unstorable, refuse_unstorable_query
from chassis.problems import ProblemError, at_parameter
from chassis.routes import RouteTable, table_of

_READ: Final = frozenset(
    {b"x-correlation-id", b"traceparent", b"tracestate", b"content-length", b"content-type"}
)


def few(headers: list[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """Pick the headers that the edge itself reads, by their names in small letters."""
    return {name: value.decode("latin-1") for name, value in headers if name in _READ}


class Reading:
    """The way in: counts the body's bytes, also of one sent in chunks, and looks JSON over when it is whole."""

    __slots__ = ("_chunks", "_json", "_limit", "_receive", "_size")

    def __init__(self, receive: Receive, limit: int, *, json: bool) -> None:
        self._receive = receive
        self._limit = limit
        self._json = json
        self._size = 0
        self._chunks: list[bytes] = []

    async def __call__(self) -> Message:
        """Receive one message; raises ProblemError for a body too large or one that cannot be stored."""
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        chunk: bytes = message.get("body", b"")
        self._size += len(chunk)
        if self._size > self._limit:
            raise _too_large(self._limit)
        if self._json:
            if message.get("more_body", False):
                self._chunks.append(chunk)
            else:
                refuse_unstorable(b"".join([*self._chunks, chunk]) if self._chunks else chunk)
                self._chunks.clear()
        return message


def refuse_large(content_length: str | None, limit: int) -> None:
    """Refuse a body by the length that its sender names."""
    if content_length is not None and content_length.isdigit() and int(content_length) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> ProblemError:
    # What is left of the body is not worth reading, so the connection ends with the answer.
    return ProblemError(
        "body_too_large", f"The body is larger than {limit} bytes.", headers={"Connection": "close"}
    )


def refuse_address(scope: Scope) -> None:
    """Refuse a path or query that is no text, or names a parameter that the operation does not know."""
    path = unquote_to_bytes(scope.get("raw_path", b""))
    if b"\x00" in path or not _is_utf8(path):
        raise ProblemError("malformed_request", "The path is not UTF-8, or holds the character U+0000.")
    query: bytes = scope["query_string"]
    if not query:
        return
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise ProblemError("malformed_request", "The query is not UTF-8, percent-encoded.") from None
    refuse_unstorable_query(pairs)
    _refuse_unknown(table_of(scope["app"]), scope, {name for name, _ in pairs})


def _refuse_unknown(table: RouteTable, scope: Scope, names: set[str]) -> None:
    known = table.known_query(scope["method"], scope["path"])
    if known is None or names <= known:
        return
    choice = f"use one of: {', '.join(sorted(known))}" if known else "this operation takes none"
    unknown = sorted(names - known)
    raise ProblemError(
        "unknown_parameter",
        f"Unknown query parameter {', '.join(unknown)}: {choice}.",
        errors=[
            at_parameter(name, "unknown_parameter", "this operation does not know it", choice)
            for name in unknown
        ],
        extensions={"known_parameters": sorted(known)},
    )


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True
