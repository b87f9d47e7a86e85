"""Files as they arrive in a request: as a form with one file, or as the body itself."""

import string
from collections.abc import AsyncIterator
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any, Final

from fastapi import Request
from multipart import (  # type: ignore[import-untyped]  # it brings annotations, but no marker that says so
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from chassis.problems import ProblemError, at_parameter, at_pointer
from intake.usecases.attach_file import Upload

FORM: Final = "multipart/form-data"
FIELD: Final = "file"
CHECKSUM: Final = "X-Checksum-SHA256"
CHECKSUM_PATTERN: Final = "^[0-9A-Fa-f]{64}$"
_DISPOSITION: Final = "Content-Disposition"
_DIGITS: Final = 64


class Body:
    """The body of a request, which knows whether it was read to its end."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives."""
        async for chunk in self._request.stream():
            if chunk:
                yield chunk
        self.ended = True


async def read_upload(request: Request, body: Body) -> Upload:
    """Read up to where the file begins; raises the 400 problem where there is none, or no name."""
    sent = request.headers.get("content-type", "")
    if sent.partition(";")[0].strip().lower() == FORM:
        return await _from_form(sent, body.chunks())
    name = _filename(_utf8(request.headers.get(_DISPOSITION, "")))
    if not name:
        raise ProblemError(
            "invalid_parameter",
            f"The file has no name: send {_DISPOSITION}, or a form of type {FORM}.",
            errors=[
                at_parameter(
                    _DISPOSITION,
                    "missing",
                    "names no file",
                    "send attachment; filename=\"receipt.pdf\", or filename*=UTF-8''... for other characters",
                )
            ],
        )
    return Upload(name, sent, body.chunks())


def read_checksum(request: Request) -> str | None:
    """Read which SHA-256 the sender says the file has; raises the 400 problem where it is none."""
    sent = request.headers.get(CHECKSUM)
    if sent is None:
        return None
    checksum = sent.strip().lower()
    if len(checksum) != _DIGITS or set(checksum) - set(string.hexdigits):
        raise ProblemError(
            "invalid_parameter",
            f"{CHECKSUM} is no SHA-256.",
            errors=[
                at_parameter(
                    CHECKSUM, "invalid_checksum", "is no SHA-256", f"send {_DIGITS} hexadecimal digits"
                )
            ],
        )
    return checksum


async def _from_form(content_type: str, chunks: AsyncIterator[bytes]) -> Upload:
    events = _events(content_type, chunks)
    part = await anext(events, None)
    if not isinstance(part, MultipartSegment):
        raise _unfit("it has no field")
    name = part.filename or _filename(part.header(_DISPOSITION) or "")
    if part.name != FIELD or not name:
        raise _unfit(f"its first field is no file under the name {FIELD!r}")
    return Upload(name, part.content_type or "", _content(events))


async def _content(events: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    async for event in events:
        if event is None:
            break
        yield bytes(event)
    # What follows the file is read to the end too, so that a form which breaks off is not taken for a whole one.
    async for event in events:
        if isinstance(event, MultipartSegment):
            raise _unfit("it has more than the one file")


async def _events(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    """Give a MultipartSegment where a field begins, bytes of it, and None where it ends."""
    try:
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        with PushMultipartParser(boundary, max_segment_count=2) as parser:
            async for chunk in chunks:
                for event in parser.parse(chunk):
                    yield event
    except MultipartError as error:
        raise _unfit(str(error)) from None


def _unfit(what: str) -> ProblemError:
    return ProblemError(
        "attachment_form_invalid",
        f"The form does not fit: {what}.",
        errors=[
            at_pointer(f"/{FIELD}", "attachment_form_invalid", what, f"send one file as the field {FIELD!r}")
        ],
    )


def _filename(disposition: str) -> str | None:
    """Read the file's name from a Content-Disposition, `filename*` before `filename` (RFC 6266)."""
    if not disposition:
        return None
    header = Message()
    header[_DISPOSITION] = disposition.replace("\r", " ").replace("\n", " ")
    params = header.get_params([], _DISPOSITION)
    names: list[Any] = [value for name, value in params if name.lower() == "filename"]
    # What came as `filename*` is a tuple that names its encoding.
    encoded = [name for name in names if isinstance(name, tuple)]
    return next((collapse_rfc2231_value(name) for name in [*encoded, *names]), None)


def _utf8(header: str) -> str:
    # Headers come as Latin-1; many senders put UTF-8 into them as it is.
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
