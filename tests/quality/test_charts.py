"""Control charts of counts, against published worked examples, and in simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quality.charts import Kind, Limits, Subgroup, freeze, place
from quality.refusals import FiguresInvalid

# Nonconformities in 26 successive samples of 100 printed circuit boards: data set `circuit` of the R package qcc, from
# Montgomery, Introduction to Statistical Quality Control; its help says that samples 6 and 20 lie outside the limits.
CIRCUIT = [
    21,
    24,
    16,
    12,
    15,
    5,
    28,
    20,
    31,
    25,
    20,
    24,
    16,
    19,
    10,
    17,
    13,
    22,
    18,
    39,
    30,
    24,
    16,
    19,
    17,
    15,
]

# Bruised peaches in 25 shipments of one or two crates of 250: Pyzdek and Keller, The Handbook for Quality Management,
# 2nd edition, table 9.6 and the u chart of chapter 9: p-bar 0.193, u-bar 48.25 a crate.
PEACHES = [
    (1, 47), (1, 42), (1, 55), (1, 51), (1, 46), (1, 61), (1, 39), (1, 44), (1, 41), (1, 51), (2, 88), (2, 101), (2, 101),
    (1, 40), (1, 48), (1, 47), (1, 50), (1, 48), (1, 57), (1, 45), (1, 43), (2, 105), (2, 98), (2, 100), (2, 96),
]  # fmt: skip


def outside(limits: Limits, subgroups: list[Subgroup]) -> list[int]:
    return [nth for nth, each in enumerate(subgroups, 1) if abs(place(limits, each).z) > 3]


def test_the_c_chart_of_circuit_boards_is_the_published_one() -> None:
    subgroups = [Subgroup(count) for count in CIRCUIT]
    limits = freeze(Kind.C, subgroups)
    point = place(limits, subgroups[0])
    assert (point.centre, point.lower, point.upper) == pytest.approx((19.85, 6.48, 33.21), abs=0.005)
    assert outside(limits, subgroups) == [6, 20]


def test_the_p_chart_of_peaches_is_the_published_one() -> None:
    subgroups = [Subgroup(bruised, 250 * crates) for crates, bruised in PEACHES]
    limits = freeze(Kind.P, subgroups)
    one, two = place(limits, subgroups[0]), place(limits, subgroups[10])
    assert limits.centre == pytest.approx(0.193)
    assert (one.lower, one.upper) == pytest.approx((0.118, 0.268), abs=5e-4)
    assert (two.lower, two.upper) == pytest.approx((0.140, 0.246), abs=5e-4)
    assert outside(limits, subgroups) == []


def test_the_u_chart_of_flaws_on_peaches_is_the_published_one() -> None:
    subgroups = [Subgroup(flaws, crates) for crates, flaws in PEACHES]
    limits = freeze(Kind.U, subgroups)
    one, two = place(limits, subgroups[0]), place(limits, subgroups[10])
    assert limits.centre == pytest.approx(48.25)
    assert (one.lower, one.upper) == pytest.approx((27.41, 69.09), abs=5e-3)
    assert (two.lower, two.upper) == pytest.approx((33.51, 62.99), abs=6e-3)


def test_the_p_chart_of_chips_on_wafers_has_the_handbooks_limits() -> None:
    # NIST/SEMATECH e-Handbook, section 6.3.3.2: 30 wafers of 50 chips, mean share 0.2313, limits 0.0524 and 0.4102.
    point = place(freeze(Kind.P, [Subgroup(347, 1_500), Subgroup(347, 1_500)]), Subgroup(12, 50))
    assert (point.lower, point.upper) == pytest.approx((0.0524, 0.4102), abs=5e-5)


def test_laneys_sigma_is_the_mean_moving_range_of_standard_scores_over_1_128() -> None:
    subgroups = [Subgroup(flaws, crates) for crates, flaws in PEACHES]
    counts, sizes = (
        np.array([flaws for _, flaws in PEACHES]),
        np.array([crates for crates, _ in PEACHES], float),
    )
    mean = counts.sum() / sizes.sum()
    scores = (counts / sizes - mean) / np.sqrt(mean / sizes)
    sigma = np.abs(np.diff(scores)).mean() / 1.128
    limits = freeze(Kind.LANEY_U, subgroups)
    assert limits.sigma_z == pytest.approx(sigma, rel=5e-4)
    point = place(limits, subgroups[0])
    assert point.upper == pytest.approx(mean + 3 * sigma * math.sqrt(mean), rel=5e-4)


def test_limits_do_not_collapse_at_a_rate_of_one_in_ten_thousand() -> None:
    subgroups = [Subgroup(count, 1e5) for count in (8, 11, 10, 9, 12)]
    point = place(freeze(Kind.U, subgroups), Subgroup(21, 1e5))
    assert (point.centre, point.upper) == pytest.approx((1e-4, 1e-4 + 3 * math.sqrt(1e-9)), rel=1e-12)
    assert point.z == pytest.approx(11 / math.sqrt(10))
    assert place(freeze(Kind.U, subgroups), Subgroup(0, 1e5)).lower > 0


def test_a_lower_limit_below_zero_is_drawn_at_zero_and_counts_uncut() -> None:
    point = place(freeze(Kind.C, [Subgroup(4), Subgroup(4)]), Subgroup(0))
    assert (point.lower, point.z) == (0.0, -2.0)


@pytest.mark.parametrize(("rate", "exposure"), [(1e-4, 1e5), (1e-4, 3e5), (2.5e-3, 1e4)])
def test_false_alarms_of_a_u_chart_come_as_often_as_the_poisson_distribution_says(
    rate: float, exposure: float
) -> None:
    mean, draws = rate * exposure, 200_000
    limits = freeze(Kind.U, [Subgroup(round(mean), exposure)] * 25)
    counts, numbers = np.unique(np.random.default_rng(1).poisson(mean, draws), return_counts=True)
    alarms = sum(
        int(number)
        for count, number in zip(counts, numbers, strict=True)
        if abs(place(limits, Subgroup(int(count), exposure)).z) > 3
    )
    width = 3 * math.sqrt(mean)
    expected = stats.poisson.sf(math.floor(mean + width), mean) + stats.poisson.cdf(
        math.ceil(mean - width) - 1, mean
    )
    assert alarms / draws == pytest.approx(expected, abs=4 * math.sqrt(expected / draws))
    # The normal distribution says 0.0027; skewness makes it more, but never many more.
    assert expected < 0.005


def test_with_rates_that_vary_by_themselves_laneys_limits_keep_quiet_and_plain_ones_do_not() -> None:
    draw = np.random.default_rng(2)
    exposure = draw.uniform(5e4, 2e5, 400)
    rates = draw.gamma(100, 1e-3 / 100, 400)
    subgroups = [
        Subgroup(int(count), size)
        for count, size in zip(draw.poisson(rates * exposure), exposure, strict=True)
    ]
    plain, laney = freeze(Kind.U, subgroups[:200]), freeze(Kind.LANEY_U, subgroups[:200])
    assert plain.dispersed
    assert len(outside(plain, subgroups[200:])) > 5
    assert len(outside(laney, subgroups[200:])) <= 5


def test_counts_as_the_poisson_distribution_has_them_are_rarely_called_dispersed() -> None:
    draw = np.random.default_rng(3)
    called = sum(
        freeze(Kind.U, [Subgroup(int(count), 1e5) for count in draw.poisson(10, 25)]).dispersed
        for _ in range(400)
    )
    assert called / 400 < 0.09


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0.5, 1e6)), min_size=2, max_size=40))
def test_on_a_u_chart_a_point_is_outside_exactly_when_it_is_beyond_its_own_limits(
    rows: list[tuple[int, float]],
) -> None:
    subgroups = [Subgroup(count, exposure) for count, exposure in rows]
    if not any(each.count for each in subgroups):
        return
    limits = freeze(Kind.U, subgroups)
    for each in subgroups:
        point = place(limits, each)
        if point.z > 3 + 1e-9:
            assert point.value > point.upper
        if abs(point.z) < 3 - 1e-9:
            assert point.lower <= point.value <= point.upper


@pytest.mark.parametrize(
    ("kind", "baseline", "said"),
    [
        (Kind.C, [Subgroup(1)], "subgroups"),
        (Kind.U, [Subgroup(0), Subgroup(0)], "no event"),
        (Kind.P, [Subgroup(2, 2), Subgroup(2, 2)], "as many failures"),
        (Kind.P, [Subgroup(3, 2), Subgroup(0, 20)], "u chart"),
        (Kind.LANEY_U, [Subgroup(2), Subgroup(2)], "does not vary"),
    ],
)
def test_a_baseline_that_makes_no_chart_is_refused(kind: Kind, baseline: list[Subgroup], said: str) -> None:
    with pytest.raises(FiguresInvalid, match=said):
        freeze(kind, baseline)
