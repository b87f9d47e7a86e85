"""Identifiers that sort by the time they were made."""

import os
import time
from uuid import UUID

_RANDOM_BYTES = 10
_FETCHED = 128
_LOW = (1 << 62) - 1
_HIGH = (1 << 12) - 1
_MARKS = (0x7 << 76) | (0b10 << 62)
"""The version, 7, and the variant."""

_random: list[int] = []
"""Random numbers of 80 bits, each used once. They are fetched many at a time, since to ask the kernel for ten bytes costs
more than all the rest of an id."""

# A child process must not draw the same numbers as its parent.
os.register_at_fork(after_in_child=_random.clear)


def new_id() -> UUID:
    """Make a UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    random = _draw()
    milliseconds = time.time_ns() // 1_000_000
    high, low = (random >> 62) & _HIGH, random & _LOW
    return UUID(int=(milliseconds << 80) | (high << 64) | low | _MARKS)


def _draw() -> int:
    try:
        return _random.pop()
    except IndexError:  # also where another thread took the last one
        fetched = os.urandom(_RANDOM_BYTES * _FETCHED)
        drawn = [
            int.from_bytes(fetched[start : start + _RANDOM_BYTES])
            for start in range(0, len(fetched), _RANDOM_BYTES)
        ]
        _random.extend(drawn[1:])
        return drawn[0]
