from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.worktime.samples import utc
from worktime.clock_changes import changes_between

YEAR = (utc("2026-01-01 00:00"), utc("2027-01-01 00:00"))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", []),
        ("Asia/Kolkata", []),
        ("Europe/Berlin", [("2026-03-29 01:00", 60), ("2026-10-25 01:00", -60)]),
        ("America/New_York", [("2026-03-08 07:00", 60), ("2026-11-01 06:00", -60)]),
        ("Australia/Sydney", [("2026-04-04 16:00", -60), ("2026-10-03 16:00", 60)]),
        ("Australia/Lord_Howe", [("2026-04-04 15:00", -30), ("2026-10-03 15:30", 30)]),
    ],
)
def test_both_changes_of_a_year_are_found_to_the_second(zone: str, expected: list[tuple[str, int]]) -> None:
    found = changes_between(ZoneInfo(zone), *YEAR)

    assert [(change.at, change.forward / timedelta(minutes=1)) for change in found] == [
        (utc(at), minutes) for at, minutes in expected
    ]


def test_a_change_tells_what_the_clock_shows_before_and_after_it() -> None:
    spring, autumn = changes_between(ZoneInfo("Europe/Berlin"), *YEAR)

    assert (spring.before, spring.after) == (datetime(2026, 3, 29, 2), datetime(2026, 3, 29, 3))  # noqa: DTZ001 - local
    assert (autumn.before, autumn.after) == (datetime(2026, 10, 25, 3), datetime(2026, 10, 25, 2))  # noqa: DTZ001 - local


def test_a_change_belongs_to_the_span_that_ends_with_it_and_not_to_the_one_that_begins_then() -> None:
    berlin, at = ZoneInfo("Europe/Berlin"), utc("2026-03-29 01:00")
    day = timedelta(days=1)

    assert len(changes_between(berlin, at - day, at)) == 1
    assert changes_between(berlin, at, at + day) == []


def test_a_date_that_a_zone_left_out_is_a_jump_of_a_day() -> None:
    (jump,) = changes_between(ZoneInfo("Pacific/Apia"), utc("2011-12-30 00:00"), utc("2011-12-31 00:00"))

    assert (jump.at, jump.forward) == (utc("2011-12-30 10:00"), timedelta(days=1))
