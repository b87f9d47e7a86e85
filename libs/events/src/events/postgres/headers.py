"""Record headers as one column: a JSON list of pairs, which keeps order, duplicates and any byte."""

import orjson

from events.codec import Attributes
from events.transport import Headers


def pack(headers: Headers) -> bytes:
    """Write headers as JSON; bytes stand as the code points of the same number."""
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers])


def pack_texts(attributes: Attributes) -> bytes:
    """Write texts as `pack` writes their bytes in UTF-8."""
    return orjson.dumps(
        [(name, value if value.isascii() else value.encode().decode("latin-1")) for name, value in attributes]
    )


def unpack(packed: bytes) -> Headers:
    """Read what `pack` wrote."""
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(packed))
