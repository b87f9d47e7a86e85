"""Charts of rare events, which plot what lies between two events: g counts units, t measures time.

Both have limits by probability, the percentiles 0.135 and 99.865, with the median as centre line, since what lies between
rare events is far from normal. Formulas: the methods of Minitab's G chart and T chart, support.minitab.com, with the
exponential distribution for the latter, which is what a steady stream of independent complaints has.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from quality.charts import SIGMAS, Point
from quality.refusals import refuse

TAIL: Final = math.erfc(SIGMAS / math.sqrt(2)) / 2
"""The probability beyond one limit, 0.00135."""

_LEAST_GAPS: Final = 2
_MOST_Z: Final = 8.0
"""Beyond it a probability is no longer told from 0 or 1."""


class RareKind(StrEnum):
    """What lies between two events."""

    G = "g"
    """Whole units, or whole days."""
    T = "t"
    """Time, or exposure, that is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RareLimits:
    """A frozen baseline: `mean` is that of what lies between two events, in the unit that it was given in."""

    kind: RareKind
    mean: float
    gaps: int


def freeze_rare(kind: RareKind, gaps: Sequence[float]) -> RareLimits:
    """Compute limits from what lay between the events of a baseline; refuses fewer than two gaps, and only empty ones."""
    if len(gaps) < _LEAST_GAPS:
        raise refuse("baseline", f"has {len(gaps)} gaps between events", "give 20 or more")
    if min(gaps) < 0 or not math.isfinite(max(gaps)):
        raise refuse("baseline", "has a gap that is no length", "give gaps of 0 or more")
    mean = math.fsum(gaps) / len(gaps)
    if mean == 0:
        raise refuse("baseline", "has only events at once", "take a chart of counts")
    return RareLimits(kind=kind, mean=mean, gaps=len(gaps))


def place_rare(limits: RareLimits, gap: float) -> Point:
    """Place a gap on its chart; below the lower limit, events come too fast.

    `z` is the normal score of the gap's probability: of the middle of its step for whole units, which do not reach the
    lower limit at all where one event in a unit is not rare enough; `zeros_needed` is the test for that.
    """
    if limits.kind is RareKind.T:
        below = -math.expm1(-gap / limits.mean)
        lower, centre, upper = (-limits.mean * math.log1p(-each) for each in (TAIL, 0.5, 1 - TAIL))
        return Point(value=gap, centre=centre, lower=lower, upper=upper, z=_score(below, gap / limits.mean))
    stays = math.log1p(-probability(limits))
    lower, centre, upper = (max(0.0, math.log1p(-each) / stays - 1) for each in (TAIL, 0.5, 1 - TAIL))
    # Half of the step at the gap counts as below: 1 - (q^x + q^(x+1)) / 2.
    above = (math.exp(stays * gap) + math.exp(stays * (gap + 1))) / 2
    return Point(value=gap, centre=centre, lower=lower, upper=upper, z=_score(1 - above, -math.log(above)))


def probability(limits: RareLimits) -> float:
    """Give the probability of an event in one unit, by a g chart's mean; unbiased for the number of gaps."""
    return (limits.gaps - 1) / limits.gaps / (limits.mean + 1)


def zeros_needed(limits: RareLimits) -> int:
    """Tell how many gaps of 0 in a row are as improbable as a point beyond the limit (Benneyan, 2001)."""
    return max(1, math.ceil(math.log(TAIL) / math.log(probability(limits))))


def _score(below: float, survival: float) -> float:
    from scipy import special

    # With half or more below, the score comes from the probability above, exp(-survival), so that no digit is lost.
    score = float(special.ndtri(below)) if below < 0.5 else -float(special.ndtri(math.exp(-survival)))  # noqa: PLR2004
    return min(max(score, -_MOST_Z), _MOST_Z)
