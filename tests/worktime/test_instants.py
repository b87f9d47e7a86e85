from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.worktime.samples import utc
from worktime.instants import instant_of

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_local_minute_is_the_instant_that_its_offset_says() -> None:
    assert instant_of(BERLIN, date(2026, 7, 1), 9 * 60) == utc("2026-07-01 07:00")
    assert instant_of(BERLIN, date(2026, 12, 1), 24 * 60) == utc("2026-12-01 23:00")


@pytest.mark.parametrize("minute", [120, 150, 179, 180])
def test_every_minute_of_a_skipped_hour_is_the_instant_of_the_skip(minute: int) -> None:
    assert instant_of(BERLIN, date(2026, 3, 29), minute) == utc("2026-03-29 01:00")


def test_in_a_repeated_hour_the_first_pass_counts() -> None:
    assert instant_of(BERLIN, date(2026, 10, 25), 150) == utc("2026-10-25 00:30")


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Europe/Berlin", date(2026, 10, 25)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("America/Havana", date(2026, 11, 1)),
        ("America/Sao_Paulo", date(2018, 2, 17)),
        ("Pacific/Apia", date(2011, 12, 30)),
    ],
)
def test_later_minutes_are_never_earlier_instants_and_the_day_ends_where_the_next_begins(
    zone: str, day: date
) -> None:
    info = ZoneInfo(zone)

    instants = [instant_of(info, day, minute) for minute in range(24 * 60 + 1)]

    assert instants == sorted(instants)
    assert instants[-1] == instant_of(info, day + timedelta(days=1), 0)
