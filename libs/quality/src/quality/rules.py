"""The tests of control charts that apply to counts: 1 to 4 of Nelson (Journal of Quality Technology 16, 1984).

Tests 5 to 8 divide the chart into zones that assume a normal distribution, which counts do not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal

from quality.charts import SIGMAS, Point

Side = Literal["high", "low", "both"]

RUN: Final = 9
TREND: Final = 6
ALTERNATING: Final = 14


class Rule(StrEnum):
    """What a chart is tested for."""

    BEYOND = "beyond_limit"
    """Test 1: a point more than three standard deviations from the centre."""
    RUN = "run"
    """Test 2: nine points in a row on one side of the centre."""
    TREND = "trend"
    """Test 3: six points in a row, each higher, or each lower, than the one before."""
    ALTERNATING = "alternating"
    """Test 4: fourteen points in a row that go up and down by turns."""
    ZEROS = "zeros"
    """Benneyan's test of a g chart: so many gaps of 0 in a row; see `find_zeros`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule was broken by the points from `first` to `last`, by their places; the longest such run, told once."""

    rule: Rule
    first: int
    last: int
    side: Side


def find(points: Sequence[Point], rules: Sequence[Rule]) -> list[Finding]:
    """Find every break of these rules, in the order in which they were reached; each run of points is one finding."""
    found: list[Finding] = []
    if Rule.BEYOND in rules:
        found += [
            Finding(Rule.BEYOND, place, place, "high" if point.z > 0 else "low")
            for place, point in enumerate(points)
            if abs(point.z) > SIGMAS
        ]
    if Rule.RUN in rules:
        # By the value and not its score: a gap that is the median itself lies on neither side.
        sides = [_sign(point.value - point.centre) for point in points]
        found += _runs(Rule.RUN, sides, RUN)
    steps = [_sign(later.value - earlier.value) for earlier, later in pairwise(points)]
    if Rule.TREND in rules:
        # Six points make five steps; the run begins at the point before its first step.
        found += [_and_before(each) for each in _runs(Rule.TREND, steps, TREND - 1)]
    if Rule.ALTERNATING in rules:
        turned = [step * (-1) ** place for place, step in enumerate(steps)]
        found += [
            Finding(each.rule, each.first, each.last + 1, "both")
            for each in _runs(Rule.ALTERNATING, turned, ALTERNATING - 1)
        ]
    return sorted(found, key=lambda each: (each.last, each.first, each.rule))


def find_zeros(points: Sequence[Point], needed: int) -> list[Finding]:
    """Find where `needed` gaps of 0 or more came in a row on a g chart, whose lower limit no gap can cross."""
    return [
        Finding(each.rule, each.first, each.last, "low")
        for each in _runs(Rule.ZEROS, [int(point.value == 0) for point in points], needed)
    ]


def _and_before(steps: Finding) -> Finding:
    return Finding(steps.rule, steps.first, steps.last + 1, steps.side)


def _runs(rule: Rule, signs: Sequence[int], length: int) -> list[Finding]:
    found, first = [], 0
    for place in range(1, len(signs) + 1):
        if place < len(signs) and signs[place] == signs[first]:
            continue
        if signs[first] and place - first >= length:
            found.append(Finding(rule, first, place - 1, "high" if signs[first] > 0 else "low"))
        first = place
    return found


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
