"""Pareto tables, windows, shares and durations."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.durations import durations
from quality.intervals import share
from quality.pareto import pareto
from quality.refusals import FiguresInvalid
from quality.windows import Cluster, clusters

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def days(*numbers: float) -> list[datetime]:
    return [MONDAY + timedelta(days=number) for number in numbers]


def test_the_vital_few_are_the_smallest_first_part_that_reaches_eighty_percent() -> None:
    made = pareto({"c": 10, "a": 50, "b": 30, "d": 5, "e": 5, "nothing": 0})
    assert [(bar.name, bar.value, bar.vital) for bar in made.bars] == [
        ("a", 50, True),
        ("b", 30, True),
        ("c", 10, False),
        ("d", 5, False),
        ("e", 5, False),
    ]
    assert [bar.cumulative for bar in made.bars] == pytest.approx([0.5, 0.8, 0.9, 0.95, 1.0])


def test_the_rest_is_taken_together_and_comes_last() -> None:
    made = pareto({"a": 50, "b": 30, "c": 15, "d": 5}, most=2)
    assert [bar.name for bar in made.bars] == ["a", "b"]
    assert made.other is not None
    assert (made.other.name, made.other.value, made.other.cumulative) == ("Other", 20, 1.0)


def test_a_table_of_nothing_is_empty() -> None:
    assert pareto({}) == pareto({"a": 0})
    assert pareto({}).bars == ()


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 1_000)))
def test_bars_fall_their_shares_make_a_whole_and_the_vital_ones_come_first(values: dict[str, int]) -> None:
    made = pareto(values)
    heights = [bar.value for bar in made.bars]
    assert heights == sorted(heights, reverse=True)
    if made.bars:
        assert made.bars[-1].cumulative == pytest.approx(1.0)
        flags = [bar.vital for bar in made.bars]
        assert flags == sorted(flags, reverse=True)
        vital = [bar for bar in made.bars if bar.vital]
        assert vital[-1].cumulative >= 0.8 - 1e-9
        assert len(vital) == 1 or vital[-2].cumulative < 0.8


def test_so_many_within_so_long_are_a_cluster() -> None:
    found = clusters(days(0, 5, 9.9, 30, 41), count=3, within=timedelta(days=10))
    assert found == [Cluster(days(0)[0], days(9.9)[0], 3)]


def test_the_end_of_a_window_is_not_in_it() -> None:
    assert clusters(days(0, 5, 10), count=3, within=timedelta(days=10)) == []


def test_a_flood_is_one_cluster() -> None:
    found = clusters(days(*range(0, 40, 2)), count=3, within=timedelta(days=10))
    assert found == [Cluster(days(0)[0], days(38)[0], 5)]


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(2, 5), st.integers(1, 20))
def test_there_is_a_cluster_exactly_when_some_window_holds_enough(
    offsets: list[int], count: int, length: int
) -> None:
    times = days(*offsets)
    enough = any(
        sum(start <= at < start + timedelta(days=length) for at in times) >= count for start in times
    )
    assert bool(clusters(times, count=count, within=timedelta(days=length))) == enough
    assert clusters(times, count=count, within=timedelta(days=length)) == clusters(
        reversed(times), count=count, within=timedelta(days=length)
    )


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Test cases of codegolf.stackexchange.com/questions/105389, computed with z = 1.96.
        (1, 11, 0.016231752262825982, 0.3773646254862038),
        (10, 100, 0.05522854161313612, 0.1743673043676654),
        (75, 100, 0.6569535362992417, 0.8245490599627573),
        (0, 100, 0.0, 0.03699480747600191),
        (1, 1, 0.20654329147389294, 1.0),
    ],
)
def test_a_share_has_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    counted = share(part, whole)
    assert (counted.low, counted.high) == pytest.approx((low, high), abs=2e-5)


def test_a_share_of_nothing_is_null() -> None:
    assert (share(0, 0).value, share(0, 0).low) == (None, None)


def test_more_than_the_whole_is_refused() -> None:
    with pytest.raises(FiguresInvalid, match="part"):
        share(2, 1)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_durations_are_summarised_as_numpy_does(seconds: list[int]) -> None:
    summary = durations(timedelta(seconds=each) for each in seconds)
    assert summary.n == len(seconds)
    assert (summary.mean, summary.median, summary.p90) == pytest.approx(
        (np.mean(seconds), np.median(seconds), np.percentile(seconds, 90))
    )


def test_no_durations_are_null() -> None:
    assert durations([]).median is None
