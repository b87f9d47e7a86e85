"""The tests of control charts that apply to counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.charts import Point
from quality.rare import RareKind, RareLimits, place_rare
from quality.rules import Finding, Rule, find, find_zeros


def points(*scores: float) -> list[Point]:
    return [Point(value=score, centre=0.0, lower=-3.0, upper=3.0, z=score) for score in scores]


def test_one_point_beyond_three_deviations_is_found_on_either_side() -> None:
    found = find(points(0.1, 3.01, -0.2, -3.5, 3.0), [Rule.BEYOND])
    assert found == [Finding(Rule.BEYOND, 1, 1, "high"), Finding(Rule.BEYOND, 3, 3, "low")]


def test_nine_in_a_row_on_one_side_are_a_run_and_eight_are_none() -> None:
    assert find(points(*[0.5] * 8, -0.1, *[0.5] * 8), [Rule.RUN]) == []
    assert find(points(-0.1, *[0.5] * 9, -0.1), [Rule.RUN]) == [Finding(Rule.RUN, 1, 9, "high")]


def test_a_point_on_the_centre_ends_a_run() -> None:
    assert find(points(*[0.5] * 5, 0.0, *[0.5] * 5), [Rule.RUN]) == []


def test_gaps_of_zero_are_no_run_where_half_of_all_gaps_are_zero() -> None:
    limits = RareLimits(kind=RareKind.G, mean=0.5, gaps=30)
    assert find([place_rare(limits, 0) for _ in range(12)], [Rule.RUN]) == []


@pytest.mark.parametrize("mean", [0.4, 1.5, 6.0, 40.0])
def test_runs_of_short_gaps_are_rare_however_coarse_the_gaps_are(mean: float) -> None:
    limits = RareLimits(kind=RareKind.G, mean=mean, gaps=10_000)
    gaps = np.random.default_rng(7).geometric(1 / (mean + 1), 20_000) - 1
    found = find([place_rare(limits, float(gap)) for gap in gaps], [Rule.RUN])
    assert sum(each.side == "low" for each in found) / 20_000 < 0.002


def test_a_longer_run_is_one_finding_that_grows() -> None:
    assert find(points(*[-0.5] * 12), [Rule.RUN]) == [Finding(Rule.RUN, 0, 11, "low")]


def test_six_points_that_rise_are_a_trend_and_five_are_none() -> None:
    assert find(points(1.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.0), [Rule.TREND]) == []
    assert find(points(1.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.0), [Rule.TREND]) == [
        Finding(Rule.TREND, 1, 6, "high")
    ]
    assert find(points(*[-0.1 * nth for nth in range(6)]), [Rule.TREND]) == [Finding(Rule.TREND, 0, 5, "low")]


def test_equal_neighbours_end_a_trend() -> None:
    assert find(points(0.0, 0.1, 0.2, 0.2, 0.3, 0.4, 0.5), [Rule.TREND]) == []


def test_fourteen_points_by_turns_are_alternating_and_thirteen_are_none() -> None:
    wave = [0.5 * (-1) ** nth for nth in range(14)]
    assert find(points(*wave[:13]), [Rule.ALTERNATING]) == []
    assert find(points(*wave), [Rule.ALTERNATING]) == [Finding(Rule.ALTERNATING, 0, 13, "both")]


@given(st.lists(st.floats(-4, 4), max_size=40))
def test_only_the_rules_that_are_asked_for_are_found_and_each_finding_breaks_its_rule(
    scores: list[float],
) -> None:
    for rule in Rule:
        for each in find(points(*scores), [rule]):
            run = scores[each.first : each.last + 1]
            assert each.rule is rule
            match rule:
                case Rule.BEYOND:
                    assert all(abs(score) > 3 for score in run)
                case Rule.RUN:
                    assert len(run) >= 9
                    assert all(score > 0 for score in run) or all(score < 0 for score in run)
                case Rule.TREND:
                    assert len(run) >= 6
                    assert run in (sorted(set(run)), sorted(set(run), reverse=True))
                case Rule.ALTERNATING:
                    assert len(run) >= 14
                    steps = np.sign(np.diff(run))
                    assert all(steps[1:] == -steps[:-1])
                case Rule.ZEROS:
                    raise AssertionError(each)


@pytest.mark.parametrize(
    ("rule", "most"),
    [(Rule.BEYOND, 0.0035), (Rule.RUN, 0.0045), (Rule.TREND, 0.0045), (Rule.ALTERNATING, 0.006)],
)
def test_a_steady_process_rarely_breaks_a_rule(rule: Rule, most: float) -> None:
    # Nelson chose the lengths so that each test alarms about as rarely as the first, which does 2.7 times in 1000.
    steady = np.random.default_rng(5).standard_normal(60_000)
    assert len(find(points(*map(float, steady)), [rule])) / 60_000 < most


def test_a_rate_that_doubles_is_found_soon() -> None:
    draw = np.random.default_rng(6)
    waits = []
    for _ in range(200):
        scores = (draw.poisson(20, 40) - 10) / np.sqrt(10)
        found = find(points(*map(float, scores)), [Rule.BEYOND, Rule.RUN])
        waits.append(min(each.first if each.rule is Rule.BEYOND else each.first + 8 for each in found))
    assert float(np.mean(waits)) < 2


def test_enough_gaps_of_zero_in_a_row_are_found() -> None:
    gaps = [Point(value=value, centre=5, lower=0, upper=60, z=0) for value in (0, 4, 0, 0, 0, 7)]
    assert find_zeros(gaps, 3) == [Finding(Rule.ZEROS, 2, 4, "low")]
    assert find_zeros(gaps, 4) == []
