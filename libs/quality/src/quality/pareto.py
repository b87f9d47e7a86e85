"""Pareto tables: which few kinds make up most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from quality.refusals import require_share

VITAL_SHARE: Final = 0.8
OTHER: Final = "Other"


@dataclass(frozen=True, slots=True)
class Bar:
    """One kind: its value, its share of the total, and the share of all down to it; `vital` marks the vital few."""

    name: str
    value: float
    share: float
    cumulative: float
    vital: bool


@dataclass(frozen=True, slots=True)
class Pareto:
    """The kinds, the greatest first; `other` takes together those beyond the most that were asked for, and comes last."""

    bars: tuple[Bar, ...]
    other: Bar | None
    total: float


NOTHING: Final = Pareto((), None, 0.0)
"""The table of nothing."""


def pareto(
    values: Mapping[str, float], *, most: int | None = None, vital_share: float = VITAL_SHARE
) -> Pareto:
    """Sort kinds by value, equal ones by name; the vital few are the smallest first part that reaches the share.

    Kinds of value 0 are left out. With `most`, at most so many are told singly.
    """
    require_share("vital_share", vital_share)
    ranked = sorted(
        ((name, value) for name, value in values.items() if value), key=lambda each: (-each[1], each[0])
    )
    total = sum(value for _, value in ranked)
    bars, running = [], 0.0
    for name, value in ranked:
        vital = running < vital_share * total
        running += value
        bars.append(Bar(name, value, value / total, running / total, vital))
    if most is None or len(bars) <= most:
        return Pareto(tuple(bars), None, total)
    rest = bars[most:]
    value = sum(each.value for each in rest)
    return Pareto(tuple(bars[:most]), Bar(OTHER, value, value / total, 1.0, vital=rest[0].vital), total)
