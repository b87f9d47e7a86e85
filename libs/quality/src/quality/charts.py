"""Control charts of counts: c, u, p, and those of Laney, on limits that are frozen from a baseline.

Formulas: NIST/SEMATECH e-Handbook of Statistical Methods, sections 6.3.3.1 (counts) and 6.3.3.2 (proportions); Laney,
Improved Control Charts for Attributes, Quality Engineering 14 (2002).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from quality.refusals import refuse, require_count, require_exposure

SIGMAS: Final = 3.0
"""How far the limits lie from the centre line, in standard deviations."""

_D2: Final = 2 / math.sqrt(math.pi)
"""The mean range of two values of a standard normal distribution, 1.128: the constant d2 of a moving range of two."""

_LEAST_SUBGROUPS: Final = 2


class Kind(StrEnum):
    """What is plotted."""

    C = "c"
    """Counts, where every subgroup has the same exposure."""
    U = "u"
    """Counts for each unit of exposure."""
    LANEY_U = "laney_u"
    """As u, with limits widened or narrowed by the dispersion between subgroups."""
    P = "p"
    """Shares of units that fail, each at most once."""
    LANEY_P = "laney_p"
    """As p, with limits by the dispersion between subgroups."""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """What was counted in one period, and the units of exposure that it came from; a c chart takes no exposure."""

    count: int
    exposure: float = 1.0

    def __post_init__(self) -> None:
        require_count("count", self.count)
        require_exposure("exposure", self.exposure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A frozen baseline: the centre line, and the factor of dispersion (1 where the chart takes none).

    `dispersion` is what the variance between the baseline's subgroups is to that within, `dispersed` whether chance alone
    would rarely (1 in 20, two-sided) make it so.
    """

    kind: Kind
    centre: float
    sigma_z: float
    subgroups: int
    mean_count: float
    dispersion: float
    dispersed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A subgroup on its chart; `z` is its distance from the centre in standard deviations, never cut off.

    `lower` is cut off at 0, and for shares `upper` at 1, for drawing only.
    """

    value: float
    centre: float
    lower: float
    upper: float
    z: float


def freeze(kind: Kind, baseline: Sequence[Subgroup]) -> Limits:
    """Compute limits from a baseline's subgroups; refuses fewer than two, and a baseline that no chart can be drawn on."""
    if len(baseline) < _LEAST_SUBGROUPS:
        raise refuse("baseline", f"has {len(baseline)} subgroups", "give 20 or more")
    total = sum(each.count for each in baseline)
    exposure = float(len(baseline)) if kind is Kind.C else math.fsum(each.exposure for each in baseline)
    centre = total / exposure
    if total == 0:
        raise refuse("baseline", "has no event", "take a chart of rare events, or a longer baseline")
    if kind in _SHARES and not 0 < centre < 1:
        raise refuse("baseline", "has as many failures as units", "take a u chart")
    within = [_z(kind, centre, each) for each in baseline]
    ratio, unusual = _dispersion(within)
    return Limits(
        kind=kind,
        centre=centre,
        sigma_z=_sigma_z(within) if kind in _LANEY else 1.0,
        subgroups=len(baseline),
        mean_count=total / len(baseline),
        dispersion=ratio,
        dispersed=unusual,
    )


def place(limits: Limits, subgroup: Subgroup) -> Point:
    """Place a subgroup on the chart that these limits make."""
    width = limits.sigma_z * _deviation(limits.kind, limits.centre, subgroup)
    value = _value(limits.kind, subgroup)
    upper = limits.centre + SIGMAS * width
    return Point(
        value=value,
        centre=limits.centre,
        lower=max(0.0, limits.centre - SIGMAS * width),
        upper=min(1.0, upper) if limits.kind in _SHARES else upper,
        z=(value - limits.centre) / width,
    )


_SHARES: Final = frozenset({Kind.P, Kind.LANEY_P})
_LANEY: Final = frozenset({Kind.LANEY_U, Kind.LANEY_P})


def _value(kind: Kind, subgroup: Subgroup) -> float:
    if kind is Kind.C:
        return float(subgroup.count)
    if kind in _SHARES and subgroup.count > subgroup.exposure:
        raise refuse("count", f"is {subgroup.count} of {subgroup.exposure} units", "take a u chart")
    return subgroup.count / subgroup.exposure


def _deviation(kind: Kind, centre: float, subgroup: Subgroup) -> float:
    if kind is Kind.C:
        return math.sqrt(centre)
    spread = centre * (1 - centre) if kind in _SHARES else centre
    return math.sqrt(spread / subgroup.exposure)


def _z(kind: Kind, centre: float, subgroup: Subgroup) -> float:
    return (_value(kind, subgroup) - centre) / _deviation(kind, centre, subgroup)


def _sigma_z(within: Sequence[float]) -> float:
    ranges = [abs(later - earlier) for earlier, later in pairwise(within)]
    sigma = math.fsum(ranges) / len(ranges) / _D2
    if sigma == 0:
        raise refuse("baseline", "does not vary at all", "take a chart without Laney's correction")
    return sigma


def _dispersion(within: Sequence[float]) -> tuple[float, bool]:
    from scipy import special

    # The sum of squares is chi-squared with one degree less than there are subgroups, if counts are what the chart says.
    squares, degrees = math.fsum(z * z for z in within), len(within) - 1
    below = float(special.chdtr(degrees, squares))
    return squares / degrees, not _USUAL[0] <= below <= _USUAL[1]


_USUAL: Final = (0.025, 0.975)
