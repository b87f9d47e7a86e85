from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tests.worktime.samples import NIGHTS, RIYADH, always, berlin, office, shipped, utc
from worktime import (
    Calendar,
    DurationInvalid,
    HolidaysUnknown,
    InstantNaive,
    InstantOutOfRange,
    NoWorkingTime,
    add_elapsed,
    add_working_days,
    add_working_time,
    due,
    is_working_day,
    next_opening,
    parse_calendar,
    parse_duration,
    working_time_between,
)

HOUR = timedelta(hours=1)


def test_working_time_stops_over_lunch_night_and_weekend() -> None:
    deadline = add_working_time(office(), berlin("2026-11-20 11:00"), 7 * HOUR)

    assert deadline.due_at == berlin("2026-11-23 11:00")


def test_working_time_that_ends_with_an_interval_is_due_then_and_not_at_the_next_opening() -> None:
    assert add_working_time(office(), berlin("2026-11-20 15:00"), 2 * HOUR).due_at == berlin(
        "2026-11-20 17:00"
    )


def test_no_working_time_added_is_due_at_the_start_even_while_closed() -> None:
    sunday = berlin("2026-11-22 03:00")

    assert add_working_time(office(), sunday, timedelta()).due_at == sunday


def test_a_deadline_is_told_in_utc_whatever_offset_the_start_has() -> None:
    start = datetime(2026, 11, 20, 16, 0, tzinfo=timezone(timedelta(hours=2)))

    due_at = add_working_time(office(), start, HOUR).due_at

    assert (due_at, due_at.tzinfo) == (berlin("2026-11-20 16:00"), UTC)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2026-11-18 08:00", 1, "2026-11-19 17:00"),
        ("2026-11-18 16:59", 1, "2026-11-19 17:00"),
        ("2026-11-18 23:30", 1, "2026-11-19 17:00"),
        ("2026-11-20 10:00", 1, "2026-11-23 17:00"),
        ("2026-11-21 10:00", 1, "2026-11-23 17:00"),
        ("2026-11-20 10:00", 3, "2026-11-25 17:00"),
    ],
)
def test_the_nth_working_day_ends_with_its_last_interval_and_the_start_s_own_day_does_not_count(
    start: str, days: int, expected: str
) -> None:
    assert add_working_days(office(), berlin(start), days).due_at == berlin(expected)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-20 10:00", "2026-11-20 17:00"),
        ("2026-11-20 17:00", "2026-11-20 17:00"),
        ("2026-11-20 17:01", "2026-11-23 17:00"),
        ("2026-11-21 10:00", "2026-11-23 17:00"),
    ],
)
def test_zero_working_days_are_the_end_of_the_same_day_or_of_the_next_working_day(
    start: str, expected: str
) -> None:
    assert add_working_days(office(), berlin(start), 0).due_at == berlin(expected)


def test_easter_is_not_worked() -> None:
    maundy_thursday = berlin("2026-04-02 16:00")

    assert add_working_time(office(), maundy_thursday, 2 * HOUR).due_at == berlin("2026-04-07 10:00")
    assert add_working_days(office(), maundy_thursday, 1).due_at == berlin("2026-04-07 17:00")


def test_christmas_is_not_worked_and_christmas_eve_only_as_long_as_its_half_day_says() -> None:
    calendar = office('[[half_days]]\nevery = "12-24"\nhours = ["09:00-12:00"]\nreason = "Christmas Eve"\n')

    assert add_working_time(calendar, berlin("2026-12-24 11:00"), 2 * HOUR).due_at == berlin(
        "2026-12-28 10:00"
    )
    assert add_working_days(calendar, berlin("2026-12-23 11:00"), 1).due_at == berlin("2026-12-24 12:00")


def test_a_day_may_end_at_24_00() -> None:
    calendar = always()

    assert add_working_days(calendar, utc("2026-11-20 10:00"), 1).due_at == utc("2026-11-22 00:00")
    assert working_time_between(calendar, utc("2026-11-20 10:00"), utc("2026-11-22 10:00")) == 48 * HOUR


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2026-11-20 20:00", "2026-11-21 12:00", 10),  # Friday's late and night shift, to Saturday at 06:00
        ("2026-11-21 02:00", "2026-11-21 12:00", 4),
        ("2026-11-21 02:00", "2026-11-21 03:00", 1),
        ("2026-12-24 12:00", "2026-12-25 12:00", 2),  # a half day: the night shift of Christmas Eve is off
        ("2026-10-25 20:00", "2026-10-26 12:00", 0),  # Sunday has no shift, and Monday is the National Day
        (
            "2026-10-26 20:00",
            "2026-10-27 12:00",
            6,
        ),  # the night shift of a holiday is off, and Tuesday's begins
    ],
)
def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins(
    begin: str, end: str, hours: int
) -> None:
    assert working_time_between(shipped("vienna-plant"), berlin(begin), berlin(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2026-11-19 12:00", 1, "2026-11-21 06:00"),
        ("2026-11-20 02:00", 1, "2026-11-21 06:00"),  # still Thursday's shift, so that Friday is the next
        ("2026-11-20 06:00", 1, "2026-11-22 06:00"),
        ("2026-11-20 02:00", 0, "2026-11-20 06:00"),
        ("2026-11-22 02:00", 0, "2026-11-22 06:00"),
        ("2026-11-22 06:01", 0, "2026-11-24 06:00"),
    ],
)
def test_after_midnight_in_a_shift_the_day_of_the_start_is_that_on_which_the_shift_began(
    start: str, days: int, expected: str
) -> None:
    assert add_working_days(shipped("vienna-plant"), berlin(start), days).due_at == berlin(expected)


def test_work_over_midnight_is_two_intervals_that_join() -> None:
    calendar = parse_calendar(NIGHTS)

    assert add_working_time(calendar, berlin("2026-11-21 23:00"), 2 * HOUR).due_at == berlin(
        "2026-11-22 01:00"
    )
    assert add_working_days(calendar, berlin("2026-11-20 12:00"), 1).due_at == berlin("2026-11-22 00:00")


def test_a_night_shift_is_an_hour_shorter_or_longer_when_the_clocks_change() -> None:
    calendar = parse_calendar(NIGHTS)

    lengths = [
        working_time_between(calendar, berlin(f"{evening} 20:00"), berlin(f"{evening} 20:00") + 12 * HOUR)
        for evening in ("2026-03-21", "2026-03-28", "2026-10-24")
    ]

    assert lengths == [8 * HOUR, 7 * HOUR, 9 * HOUR]


def test_working_time_is_whole_where_the_clock_goes_back_over_midnight() -> None:
    newfoundland = replace(always(), zone=ZoneInfo("America/St_Johns"))
    first_minute_of_sunday, saturday_again = utc("2009-11-01 02:30"), utc("2009-11-01 03:00")

    assert working_time_between(newfoundland, first_minute_of_sunday, saturday_again) == HOUR / 2


def test_work_ends_at_the_same_local_time_after_the_clocks_changed() -> None:
    friday = berlin("2026-03-27 16:00")

    assert add_working_time(office(), friday, 2 * HOUR).due_at == utc("2026-03-30 08:00")


def test_elapsed_days_are_24_hours_also_when_the_clocks_change() -> None:
    start = berlin("2026-03-28 18:00")

    assert (
        add_elapsed(office(), start, timedelta(days=1)).due_at
        == start + 24 * HOUR
        == berlin("2026-03-29 19:00")
    )


def test_the_saudi_weekend_is_friday_and_saturday() -> None:
    calendar = parse_calendar(RIYADH)

    worked = [day for day in range(1, 8) if is_working_day(calendar, date(2026, 11, day))]

    assert worked == [1, 2, 3, 4, 5]
    assert add_working_days(calendar, utc("2026-11-05 09:00"), 1).due_at == utc("2026-11-08 13:00")


def test_eid_is_not_worked_in_saudi_arabia() -> None:
    assert not is_working_day(parse_calendar(RIYADH), date(2026, 3, 22))


def test_a_date_that_a_zone_left_out_is_not_worked() -> None:
    hours = "\n".join(f'{day} = ["09:00-17:00"]' for day in ("thursday", "friday", "saturday"))
    samoa = parse_calendar(f'name = "samoa"\nversion = "1"\nzone = "Pacific/Apia"\n[hours]\n{hours}\n')

    worked = [is_working_day(samoa, date(2011, 12, day)) for day in (29, 30, 31)]

    assert worked == [True, False, True]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20 10:00", "2026-11-20 10:00"),
        ("2026-11-20 12:00", "2026-11-20 13:00"),
        ("2026-11-20 17:00", "2026-11-23 09:00"),
        ("2026-12-24 18:00", "2026-12-28 09:00"),
    ],
)
def test_the_next_opening_is_now_while_open_and_otherwise_the_next_interval_s_begin(
    at: str, expected: str
) -> None:
    assert next_opening(office(), berlin(at)) == berlin(expected)


def test_working_time_back_to_an_earlier_instant_is_negative() -> None:
    earlier, later = berlin("2026-11-20 16:00"), berlin("2026-11-23 10:00")

    assert working_time_between(office(), later, earlier) == -2 * HOUR


def test_more_working_time_than_three_years_hold_is_refused() -> None:
    with pytest.raises(NoWorkingTime, match=r"'office' version 7 .* 10000 h of working time") as refused:
        add_working_time(office(), berlin("2026-11-20 10:00"), 10_000 * HOUR)
    assert refused.value.code == "no_working_time"


def test_more_working_days_than_three_years_hold_are_refused() -> None:
    with pytest.raises(NoWorkingTime):
        add_working_days(office(), berlin("2026-11-20 10:00"), 800)


@pytest.mark.parametrize("amount", [timedelta(seconds=-1), timedelta(days=-3)])
def test_negative_amounts_are_refused(amount: timedelta) -> None:
    start = berlin("2026-11-20 10:00")

    with pytest.raises(DurationInvalid):
        add_working_time(office(), start, amount)
    with pytest.raises(DurationInvalid):
        add_elapsed(office(), start, amount)
    with pytest.raises(DurationInvalid):
        add_working_days(office(), start, -1)


def test_an_instant_without_an_offset_is_refused_everywhere() -> None:
    naive, aware = datetime(2026, 11, 20, 10), berlin("2026-11-20 10:00")  # noqa: DTZ001 - it is what is refused
    calendar = office()

    for compute in (
        lambda: add_working_time(calendar, naive, HOUR),
        lambda: add_working_days(calendar, naive, 1),
        lambda: add_elapsed(calendar, naive, HOUR),
        lambda: next_opening(calendar, naive),
        lambda: working_time_between(calendar, naive, aware),
        lambda: working_time_between(calendar, aware, naive),
    ):
        with pytest.raises(InstantNaive):
            compute()


def test_instants_beyond_the_years_that_zones_know_are_refused() -> None:
    with pytest.raises(InstantOutOfRange):
        next_opening(always(), utc("1066-10-14 09:00"))
    with pytest.raises(InstantOutOfRange):
        add_elapsed(always(), utc("2026-11-20 10:00"), timedelta(days=999_999_999))


def test_a_year_that_the_holiday_rules_do_not_reach_is_refused_and_not_taken_for_one_without_holidays() -> (
    None
):
    with pytest.raises(HolidaysUnknown, match="not for 2101"):
        is_working_day(office(), date(2101, 6, 1))


@pytest.mark.parametrize("limit", ["36500d", "36500cd", "1200mo"])
def test_what_does_not_ask_which_days_are_worked_reaches_beyond_the_years_of_known_holidays(
    limit: str,
) -> None:
    assert due(office(), utc("2026-11-20 10:00"), parse_duration(limit)).due_at.year == 2126


def test_what_was_computed_before_is_remembered_and_changes_no_answer() -> None:
    calendar, fresh = office(), office()
    start = berlin("2026-12-23 10:00")

    first = add_working_days(calendar, start, 5)

    assert add_working_days(calendar, start, 5) == first == add_working_days(fresh, start, 5)
    assert calendar.day(date(2026, 12, 25)) is calendar.day(date(2026, 12, 25))


def test_a_calendar_remembers_only_so_many_days() -> None:
    calendar: Calendar = always()

    working_time_between(calendar, utc("2000-01-01 00:00"), utc("2026-01-01 00:00"))

    assert len(calendar._days) <= 4_096
