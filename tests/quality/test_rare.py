"""Charts of rare events."""

import math

import numpy as np
import pytest
from scipy import stats

from quality.rare import (
    TAIL,
    RareKind,
    RareLimits,
    freeze_rare,
    place_rare,
    probability,
    zeros_needed,
)
from quality.refusals import FiguresInvalid


def t_limits(mean: float = 10.0) -> RareLimits:
    return RareLimits(kind=RareKind.T, mean=mean, gaps=25)


def g_limits(mean: float, gaps: int = 10_000) -> RareLimits:
    return RareLimits(kind=RareKind.G, mean=mean, gaps=gaps)


def test_the_limits_of_a_t_chart_are_the_published_multiples_of_the_mean() -> None:
    # With the exponential distribution: 0.00135, ln 2 and 6.6077 times the mean (u-analytics documentation of its T chart).
    point = place_rare(t_limits(1.0), 1.0)
    assert (point.lower, point.centre, point.upper) == pytest.approx((0.00135, math.log(2), 6.6077), rel=1e-3)


@pytest.mark.parametrize("gap", [0.0, 1e-9, 0.001, 5.0, 30.0, 66.0, 67.0, 200.0])
def test_on_a_t_chart_a_gap_is_beyond_a_limit_exactly_when_its_score_is_beyond_three(gap: float) -> None:
    point = place_rare(t_limits(), gap)
    assert (point.z < -3) == (gap < point.lower)
    assert (point.z > 3) == (gap > point.upper)


def test_the_limits_of_a_g_chart_are_percentiles_of_the_geometric_distribution() -> None:
    limits = g_limits(99)
    point = place_rare(limits, 40)
    law = stats.geom(probability(limits))  # counts units until the event, one more than between
    assert law.cdf(math.floor(point.upper) + 1) <= 1 - TAIL <= law.cdf(math.ceil(point.upper) + 1)
    assert point.lower == 0.0
    assert point.centre == pytest.approx(law.ppf(0.5) - 1, abs=1)


def test_the_probability_of_a_g_chart_is_unbiased_for_few_gaps() -> None:
    assert probability(g_limits(9, gaps=20)) == pytest.approx(19 / 20 / 10)


def test_as_many_zeros_in_a_row_as_are_rarer_than_a_point_beyond_the_limit_signal() -> None:
    for mean in (0.5, 9, 99, 9_999):
        limits = g_limits(mean)
        needed, chance = zeros_needed(limits), probability(limits)
        assert chance**needed <= TAIL
        assert needed == 1 or chance ** (needed - 1) > TAIL


def test_false_alarms_of_a_t_chart_come_as_often_as_its_limits_say() -> None:
    gaps = np.random.default_rng(4).exponential(10, 40_000)
    alarms = sum(abs(place_rare(t_limits(), float(gap)).z) > 3 for gap in gaps)
    assert alarms / 40_000 == pytest.approx(2 * TAIL, abs=4 * math.sqrt(2 * TAIL / 40_000))


def test_far_gaps_keep_their_order_on_the_scale_of_scores() -> None:
    scores = [place_rare(t_limits(), gap).z for gap in (100.0, 150.0, 200.0, 250.0)]
    assert scores == sorted(set(scores))


@pytest.mark.parametrize(
    ("gaps", "said"),
    [([1.0], "1 gaps"), ([0.0, 0.0], "at once"), ([-1.0, 2.0], "no length"), ([1.0, math.inf], "no length")],
)
def test_gaps_that_make_no_chart_are_refused(gaps: list[float], said: str) -> None:
    with pytest.raises(FiguresInvalid, match=said):
        freeze_rare(RareKind.T, gaps)
