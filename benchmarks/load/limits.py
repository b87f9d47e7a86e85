"""The bounds of what a command line may ask for: nothing runs for ever or without limit."""

import argparse
import math
from collections.abc import Callable
from typing import Final

FASTEST: Final = 2_000.0
"""Complaints a second."""
LONGEST: Final = 86_400.0
"""Seconds."""


def rate(text: str) -> float:
    """Read a rate: more than 0, at most `FASTEST`."""
    return _between(text, FASTEST)


def seconds(text: str) -> float:
    """Read a time: more than 0, at most a day."""
    return _between(text, LONGEST)


def share(most: float) -> Callable[[str], float]:
    """Make a reader of numbers from 0 to `most`."""

    def read(text: str) -> float:
        return 0.0 if float(text) == 0 else _between(text, most)

    return read


def count(most: int) -> Callable[[str], int]:
    """Make a reader of whole numbers from 1 to `most`."""

    def read(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"must be from 1 to {most:,}")
        return number

    return read


def numbers(most: int) -> Callable[[str], list[int]]:
    """Make a reader of several whole numbers from 1 to `most`, separated by commas."""
    one = count(most)

    def read(text: str) -> list[int]:
        return [one(part) for part in text.split(",")]

    return read


def _between(text: str, most: float) -> float:
    value = float(text)
    if not math.isfinite(value) or not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"must be more than 0 and at most {most:,.0f}")
    return value
