"""Record headers as one column: a JSON list of pairs, which keeps order, duplicates and any byte."""

import json
from typing import Final

from events.transport import Headers

_JSON: Final = json.JSONEncoder(separators=(",", ":"))


def pack(headers: Headers) -> bytes:
    """Write headers as ASCII JSON; bytes stand as the code points of the same number."""
    return _JSON.encode([(name, value.decode("latin-1")) for name, value in headers]).encode()


def unpack(packed: bytes) -> Headers:
    """Read what `pack` wrote."""
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(packed))
