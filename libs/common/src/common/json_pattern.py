"""JSON of which most is always the same: that is written once, and for each further one only what differs."""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

Path = tuple[str | int, ...]
"""Names in objects and positions in lists, from the outside in."""


class JsonPattern:
    """Writes values that are like `data`, plain JSON, but for the places named, in the order in which they are written.

    Raises ValueError for places out of order, and KeyError or IndexError for one that is not there.
    """

    def __init__(self, data: Any, places: Sequence[Path]) -> None:
        token = secrets.token_hex(16)
        marked = orjson.loads(orjson.dumps(data))
        for nth, (*outer, last) in enumerate(places):
            holder = marked
            for step in outer:
                holder = holder[step]
            holder[last], _ = f"{token}{nth}", holder[last]
        pieces = re.split(rb'"' + token.encode() + rb'([0-9]+)"', orjson.dumps(marked))
        if pieces[1::2] != [b"%d" % nth for nth in range(len(places))]:
            raise ValueError(f"each place stands once, in the order in which they are written: {places}")
        self._pieces: Final = pieces

    def fill(self, values: Sequence[object], default: Callable[[object], object] | None = None) -> bytes:
        """Write one more, given what stands in each place; `default` writes what JSON does not know."""
        pieces = self._pieces.copy()
        # As many values as places, or the slice refuses them.
        pieces[1::2] = [orjson.dumps(value, default, orjson.OPT_PASSTHROUGH_DATETIME) for value in values]
        return b"".join(pieces)
