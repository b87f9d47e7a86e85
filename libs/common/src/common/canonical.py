"""The one way to write JSON that is hashed."""

from collections.abc import Callable

import orjson


def canonical(value: object, default: Callable[[object], object] | None = None) -> bytes:
    """Write JSON with sorted names, without spaces, in UTF-8; `default` writes what JSON does not know.

    Raises TypeError for what cannot be written, such as half of a surrogate pair or a whole number beyond 64 bits.
    """
    return orjson.dumps(value, default=default, option=_OPTIONS)


# Instants and dataclasses have no one spelling in JSON, so that they are left to `default`.
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
