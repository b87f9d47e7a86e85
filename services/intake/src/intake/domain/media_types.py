"""Which media types an attachment may have, and how the content of each begins.

Only the beginning is looked at. Nothing is unpacked or interpreted: an archive that unfolds to terabytes is as many bytes
as were sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from intake.domain.attached_file import ContentMismatch, TypeNotAllowed

HEAD_BYTES: Final = 4_096
"""As much of a file's beginning as tells its type."""

TEXT: Final = "text/plain"
_UNSAID: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_ALIASES: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "application/x-zip-compressed": "application/zip",
    "application/csv": "text/csv",
}
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument"


@dataclass(frozen=True, slots=True)
class Kind:
    """One media type: the endings of its files, the usual one first, and whether content that begins so fits."""

    endings: tuple[str, ...]
    fits: Callable[[bytes], bool]


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _media(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12].startswith(brands)


def _text(head: bytes) -> bool:
    return head == head.translate(None, _CONTROLS)


_ZIP: Final = _starts(b"PK\x03\x04")
_COMPOUND: Final = _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

KINDS: Final[Mapping[str, Kind]] = {
    "application/pdf": Kind((".pdf",), _starts(b"%PDF-")),
    "image/jpeg": Kind((".jpg", ".jpeg"), _starts(b"\xff\xd8\xff")),
    "image/png": Kind((".png",), _starts(b"\x89PNG\r\n\x1a\n")),
    "image/gif": Kind((".gif",), _starts(b"GIF87a", b"GIF89a")),
    "image/webp": Kind((".webp",), _riff(b"WEBP")),
    "image/tiff": Kind((".tif", ".tiff"), _starts(b"II*\x00", b"MM\x00*")),
    "image/heic": Kind((".heic", ".heif"), _media(b"heic", b"heix", b"mif1", b"msf1")),
    "audio/mpeg": Kind((".mp3",), _starts(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "audio/wav": Kind((".wav",), _riff(b"WAVE")),
    "video/mp4": Kind((".mp4", ".m4v"), _media(b"isom", b"iso", b"mp4", b"avc1", b"M4V", b"MSNV", b"dash")),
    "video/quicktime": Kind((".mov",), _media(b"qt  ")),
    f"{_OPEN_XML}.wordprocessingml.document": Kind((".docx",), _ZIP),
    f"{_OPEN_XML}.spreadsheetml.sheet": Kind((".xlsx",), _ZIP),
    f"{_OPEN_XML}.presentationml.presentation": Kind((".pptx",), _ZIP),
    f"{_OPEN_DOCUMENT}.text": Kind((".odt",), _ZIP),
    f"{_OPEN_DOCUMENT}.spreadsheet": Kind((".ods",), _ZIP),
    "application/msword": Kind((".doc",), _COMPOUND),
    "application/vnd.ms-excel": Kind((".xls",), _COMPOUND),
    "application/vnd.ms-outlook": Kind((".msg",), _COMPOUND),
    "message/rfc822": Kind((".eml",), _text),
    TEXT: Kind((".txt", ".log"), _text),
    "text/csv": Kind((".csv",), _text),
    "application/zip": Kind((".zip",), _ZIP),
}
"""Every media type whose beginning is known."""

USUAL: Final = tuple(name for name in KINDS if name != "application/zip")
"""What is taken unless the settings say otherwise; an archive says nothing of what is in it."""


def type_of(declared: str, name: str, head: bytes, allowed: frozenset[str]) -> str:
    """Tell the media type of a file by what its sender says and how it begins.

    Where the sender says none, the beginning and the name's ending decide. Raises TypeNotAllowed, and ContentMismatch
    where the content does not begin as the type that was named.
    """
    said = declared.partition(";")[0].strip().lower()
    said = _ALIASES.get(said, said)
    if said in _UNSAID:
        return _told(name, head, allowed)
    if said not in allowed or said not in KINDS:
        raise TypeNotAllowed(said, allowed)
    if not KINDS[said].fits(head):
        raise ContentMismatch(said)
    return said


def ending_of(name: str) -> str:
    """Give a name's ending in small letters with its dot, or nothing."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def _told(name: str, head: bytes, allowed: frozenset[str]) -> str:
    fitting = [kind for kind in KINDS if kind in allowed and KINDS[kind].fits(head)]
    named = [kind for kind in fitting if ending_of(name) in KINDS[kind].endings]
    if named:
        return named[0]
    if len(fitting) == 1 or TEXT in fitting:
        return TEXT if TEXT in fitting else fitting[0]
    raise TypeNotAllowed("", allowed)
