"""Classes of how long something is open or overdue."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

AGES: Final = (
    ("up_to_3d", timedelta(days=3)),
    ("3d_to_7d", timedelta(days=7)),
    ("7d_to_30d", timedelta(days=30)),
    ("over_30d", timedelta.max),
)
"""Their names, each with the greatest age that it takes."""


def by_age(ages: Iterable[timedelta]) -> tuple[tuple[str, int], ...]:
    """Count by class; what has no age yet is in none."""
    found, numbers, least = list(ages), [], timedelta(0)
    for name, greatest in AGES:
        numbers.append((name, sum(least < age <= greatest for age in found)))
        least = greatest
    return tuple(numbers)
