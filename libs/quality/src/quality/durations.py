"""Durations in one figure each: how many, the mean, the median and the ninetieth percentile."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds; None where there is nothing to measure."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None


def durations(values: Iterable[timedelta]) -> Durations:
    """Summarise durations, with percentiles by linear interpolation between the two nearest ranks (R's type 7)."""
    seconds = sorted(value.total_seconds() for value in values)
    if not seconds:
        return Durations(0, None, None, None)
    return Durations(len(seconds), math.fsum(seconds) / len(seconds), _at(seconds, 0.5), _at(seconds, 0.9))


def _at(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
