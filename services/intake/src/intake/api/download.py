"""Contents of attachments as answers: never shown as a page, whatever is in them."""

import re
import unicodedata
from base64 import b64encode
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers

from chassis.problems import ProblemError
from intake.domain.attached_file import AttachedFile
from intake.domain.media_types import KINDS, ending_of

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_UNSAFE: Final = re.compile(r'[<>:"|?*\\/]')
_FALLBACK: Final = "attachment"


def headers_of(file: AttachedFile) -> dict[str, str]:
    """Give the headers of a content: a browser saves it under a safe name, guesses no type and runs nothing of it."""
    return {
        "Content-Disposition": disposition(safe_name(file.name, file.media_type)),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "ETag": tag_of(file),
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:",
    }


def tag_of(file: AttachedFile) -> str:
    """Give the ETag of a content, which never changes."""
    return f'"{file.sha256}"'


def safe_name(name: str, media_type: str) -> str:
    """Make a name that is safe on every machine, with an ending of its media type."""
    last = name.replace("\\", "/").rpartition("/")[2]
    # Marks that turn the direction of writing can make one ending look like another.
    plain = "".join(one for one in last if unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    safe = _UNSAFE.sub("_", plain).strip(". ") or _FALLBACK
    endings = KINDS[media_type].endings if media_type in KINDS else ()
    return safe if not endings or ending_of(safe) in endings else f"{safe}{endings[0]}"


def disposition(name: str) -> str:
    """Write Content-Disposition by RFC 6266, with the whole name by RFC 8187 and one in ASCII for old clients."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace("%", "_")
    plain = plain if plain.rpartition(".")[0] else f"{_FALLBACK}{ending_of(name)}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def wanted(headers: Headers, file: AttachedFile) -> tuple[int, int] | None:
    """Read which bytes are asked for, as start and end; None for the whole content. Raises the 416 problem.

    One range is served. Several, or what is no range, mean the whole, as RFC 9110 allows.
    """
    found = _RANGE.fullmatch(headers.get("range", "").strip())
    if found is None or found[0] == "bytes=-" or headers.get("if-range", tag_of(file)) != tag_of(file):
        return None
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last) + 1 if last else file.size, file.size)
        if last and int(last) < int(first):
            return None
    else:
        start, end = max(file.size - int(last), 0), file.size
    if start >= end:
        raise ProblemError(
            "range_not_satisfiable",
            f"The content has {file.size} bytes.",
            headers={"Content-Range": f"bytes */{file.size}"},
        )
    return start, end
