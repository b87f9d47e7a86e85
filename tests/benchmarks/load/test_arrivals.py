import itertools
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.load.arrivals import HOURS, Arrival, Kind, Mix, Schedule

EVEN = Schedule(rate=50.0, seconds=60.0, most=1_000_000, seed=7)


def handed_over(schedule: Schedule) -> list[Arrival]:
    return [arrival for arrival in schedule if arrival.kind is Kind.HAND_OVER]


def test_the_same_seed_gives_the_same_arrivals_and_another_gives_others() -> None:
    assert list(EVEN) == list(EVEN)
    assert list(EVEN) != list(replace(EVEN, seed=8))


def test_complaints_arrive_at_the_rate_asked_and_never_later_than_the_end() -> None:
    arrivals = list(EVEN)
    # 3,000 are expected; a Poisson number of that mean lies within 5 standard deviations of it.
    assert abs(len(handed_over(EVEN)) - 3_000) < 5 * 3_000**0.5
    assert arrivals == sorted(arrivals, key=lambda arrival: arrival.at)
    assert arrivals[0].at > 0
    assert arrivals[-1].at < 60.0


def test_gaps_between_arrivals_vary_as_a_poisson_process_has_it_and_are_not_even() -> None:
    times = [arrival.at for arrival in handed_over(EVEN)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert 0.9 < deviation / mean < 1.1  # an exponential's deviation is its mean; an even gap's is 0


def test_the_other_requests_keep_their_shares_and_are_about_complaints_handed_over_before() -> None:
    schedule = replace(EVEN, mix=Mix(read=1.0, repeat=0.2, amend=0.1, list=0.1))
    arrivals = list(schedule)
    kinds = Counter(arrival.kind for arrival in arrivals)
    assert 0.9 < kinds[Kind.READ] / kinds[Kind.HAND_OVER] < 1.1
    assert 0.15 < kinds[Kind.REPEAT] / kinds[Kind.HAND_OVER] < 0.25
    known = -1
    for arrival in arrivals:
        if arrival.kind is Kind.HAND_OVER:
            assert arrival.complaint == known + 1
            known = arrival.complaint
        else:
            assert 0 <= arrival.complaint <= known


def test_no_more_complaints_are_handed_over_than_are_allowed() -> None:
    assert len(handed_over(replace(EVEN, most=10))) == 10


def test_a_day_has_its_hours_and_the_rate_asked_on_average() -> None:
    schedule = replace(EVEN, rate=100.0, seconds=240.0, day=240.0)
    by_hour = Counter(int(arrival.at // 10) for arrival in handed_over(schedule))
    busiest, quietest = HOURS.index(max(HOURS)), HOURS.index(min(HOURS))
    assert by_hour[busiest] > 5 * by_hour[quietest]
    assert abs(sum(by_hour.values()) - 24_000) < 5 * 24_000**0.5


@pytest.mark.parametrize("hour", [0, 11, 23])
def test_each_hour_weighs_what_its_part_of_the_day_is(hour: int) -> None:
    schedule = replace(EVEN, day=24.0)
    assert schedule.weight(hour + 0.5) == pytest.approx(HOURS[hour] * 24 / sum(HOURS))
