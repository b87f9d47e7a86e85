"""Reading request bodies so that whatever is wrong with one is said with a pointer."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from chassis.problems import ProblemError, at_parameter, at_pointer

M = TypeVar("M", bound=BaseModel)

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ERRORS_SHOWN: Final = 50

_FIXES: Final = {
    "missing": "add it",
    "extra_forbidden": "remove it, or correct its spelling",
    "string_type": "send a string",
    "bool_type": "send true or false",
    "bool_parsing": "send true or false",
    "int_type": "send a whole number",
    "int_parsing": "send a whole number",
    "list_type": "send an array",
    "dict_type": "send an object",
    "model_type": "send an object",
    "model_attributes_type": "send an object",
    "uuid_parsing": "send a UUID",
    "timezone_aware": "add the offset from UTC, as in 2026-11-22T10:30:00+01:00, or Z",
    "datetime_parsing": "send an RFC 3339 timestamp such as 2026-11-22T10:30:00Z",
    "datetime_from_date_parsing": "send an RFC 3339 timestamp such as 2026-11-22T10:30:00Z",
    "date_parsing": "send a date such as 2026-11-22",
    "date_from_datetime_parsing": "send a date such as 2026-11-22",
}
_BOUNDS: Final = (
    ("max_length", "at most {} in length"),
    ("min_length", "at least {} in length"),
    ("le", "at most {}"),
    ("lt", "less than {}"),
    ("ge", "at least {}"),
    ("gt", "more than {}"),
    ("pattern", "a text that matches {}"),
    ("expected", "{}"),
)


async def read_json(request: Request) -> bytes:
    """Give the raw JSON body of a request; raises 415 where it is of another type."""
    body = await _whole_body(request)
    if not is_json(request.headers.get("content-type", "")) and body:
        raise_unsupported(request.headers.get("content-type"))
    return body


async def _whole_body(request: Request) -> bytes:
    # What Request.body does, without the generator that it reads by: nearly every body comes in one message.
    chunks: list[bytes] = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)


async def read_body(request: Request, model: type[M]) -> M:
    """Read the body as a model; raises 400, 415 or 422 with one entry for each value that is at fault."""
    return parse_body(await read_json(request), model)


def parse_body(body: bytes, model: type[M]) -> M:
    """Read bytes as a model; raises 400 for what is no JSON and 422 for what does not fit the model."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid_request(
            [
                {**found, "loc": ("body", *found["loc"])}
                for found in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type is JSON, application/json or any application/*+json."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def raise_unsupported(content_type: str | None) -> NoReturn:
    """Raise the 415 problem."""
    sent = f"{content_type} is not read here" if content_type else "The body has no Content-Type"
    raise ProblemError(
        "unsupported_media_type", f"{sent}; send application/json.", headers={"Accept": "application/json"}
    )


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> ProblemError:
    """Translate Pydantic's errors, whose places begin with body, query, path, header or cookie, into a problem."""
    shown = errors[:_ERRORS_SHOWN]
    malformed = [error for error in shown if error["type"] == "json_invalid"]
    if malformed:
        detail = f"The body is not JSON: {malformed[0].get('ctx', {}).get('error', malformed[0]['msg'])}."
        place = malformed[0]["loc"][1:]
        where = f" at character {place[0]}" if place else ""
        return ProblemError(
            "malformed_request",
            detail,
            errors=[at_pointer("", "json_invalid", f"{detail[:-1]}{where}", "send valid JSON in UTF-8")],
        )
    entries = [_entry(error) for error in shown]
    if any("pointer" in entry for entry in entries):
        return ProblemError("invalid_body", _summary("value", entries), errors=entries)
    return ProblemError("invalid_parameter", _summary("parameter", entries), errors=entries)


def refuse_unstorable(body: bytes) -> None:
    """Raise the 400 problem for a JSON body that PostgreSQL could not hold: no UTF-8, U+0000, half surrogates, NaN.

    A body that has none of it costs a few scans; only a suspicious one is parsed.
    """
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise _malformed(
                "", "not_utf8", f"the body is not UTF-8 at byte {error.start}", "encode it as UTF-8"
            ) from None
    if b"\x00" in body:
        raise _malformed("", "not_utf8", "the body holds zero bytes, as UTF-16 does", "encode it as UTF-8")
    if b"\\u" in body or b"NaN" in body or b"Infinity" in body:
        _refuse_suspicious(body)


def refuse_unstorable_query(pairs: Sequence[tuple[str, str]]) -> None:
    """Raise the 400 problem for a query parameter that holds U+0000."""
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise ProblemError(
                "malformed_request",
                "A query parameter holds the character U+0000.",
                errors=[
                    at_parameter(name, "nul_character", "U+0000 cannot be stored or searched", "remove it")
                ],
            )


def _refuse_suspicious(body: bytes) -> None:
    constants: list[str] = []
    try:
        parsed = json.loads(body, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return  # no JSON at all: whoever parses it will say where
    if constants:
        detail = f"{constants[0]} is no JSON"
        raise _malformed("", "json_invalid", detail, "send a number, or null")
    for pointer, text in _texts(parsed):
        if "\x00" in text:
            raise _malformed(pointer, "nul_character", "the character U+0000 cannot be stored", "remove it")
        if _SURROGATE.search(text):
            raise _malformed(
                pointer,
                "lone_surrogate",
                "half of a surrogate pair is no character",
                "send both halves, or neither",
            )


def _texts(value: object) -> Iterator[tuple[str, str]]:
    rest: list[tuple[str, object]] = [("", value)]
    while rest:
        pointer, found = rest.pop()
        match found:
            case str():
                yield pointer, found
            case dict():
                for key, part in found.items():
                    yield f"{pointer}/{_escaped(key)}", key
                    rest.append((f"{pointer}/{_escaped(key)}", part))
            case list():
                rest.extend((f"{pointer}/{position}", part) for position, part in enumerate(found))
            case _:
                pass


def _malformed(pointer: str, code: str, detail: str, fix: str) -> ProblemError:
    # The pointer may itself hold what cannot be encoded.
    shown = pointer.encode("utf-8", "backslashreplace").decode()
    return ProblemError(
        "malformed_request",
        f"The body cannot be read: {detail}.",
        errors=[at_pointer(shown, code, detail, fix)],
    )


def _entry(error: Mapping[str, Any]) -> dict[str, str]:
    place, *path = error["loc"] or ("body",)
    code, detail = str(error["type"]), str(error["msg"])
    fix = _fix(code, error.get("ctx", {}))
    if place == "body":
        return at_pointer("".join(f"/{_escaped(str(part))}" for part in path), code, detail, fix)
    return at_parameter(str(path[0]) if path else str(place), code, detail, fix)


def _fix(code: str, context: Mapping[str, Any]) -> str:
    if code in _FIXES:
        return _FIXES[code]
    return next(
        (f"send {phrase.format(context[bound])}" for bound, phrase in _BOUNDS if bound in context),
        "correct it",
    )


def _summary(noun: str, entries: Sequence[Mapping[str, str]]) -> str:
    if len(entries) > 1:
        return f"{len(entries)} {noun}s are not valid; `errors` lists them."
    place = entries[0].get("parameter") or entries[0].get("pointer") or "the body"
    return f"{place}: {entries[0]['detail']}."


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
