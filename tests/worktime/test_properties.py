"""Laws of working time, for any hours, any instants and across the clock changes of four zones.

The yardstick is a count minute by minute that asks only what the clock on the wall shows.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worktime.samples import office
from worktime import (
    Calendar,
    add_working_days,
    add_working_time,
    is_working_day,
    next_opening,
    working_time_between,
)
from worktime.calendar import Interval

MINUTE = timedelta(minutes=1)
OFFICE = office()

# Instants within two days of a clock change: Berlin, New York, Lord Howe (half an hour) and Havana (at midnight).
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/New_York": ("2026-03-08T07:00", "2026-11-01T06:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),
    "America/Havana": ("2026-03-08T05:00", "2026-11-01T05:00"),
}

law = settings(max_examples=150, deadline=None)
instants = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001 - hypothesis takes bounds without a zone
    max_value=datetime(2029, 12, 31),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
lengths = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=40))


@st.composite
def opening_hours(draw: st.DrawFn) -> tuple[Interval, ...]:
    """Up to three intervals of whole hours in a day, some touching."""
    bounds = sorted(draw(st.sets(st.integers(0, 24), min_size=2, max_size=6)))
    return tuple(Interval(a * 60, b * 60) for a, b in zip(bounds[::2], bounds[1::2], strict=False))


@st.composite
def calendars_at_a_change(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar with hours on all weekdays, and an instant at most two days before a change of its clocks."""
    key = draw(st.sampled_from(sorted(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[key]))).replace(tzinfo=UTC)
    hours = tuple(draw(opening_hours()) for _ in range(7))
    before = draw(st.integers(0, 48 * 60))
    return Calendar("drawn", "1", ZoneInfo(key), hours), change - before * MINUTE


def shown_open(calendar: Calendar, instant: datetime) -> bool:
    local = instant.astimezone(calendar.zone)
    minute = local.hour * 60 + local.minute
    return any(opens <= minute < closes for opens, closes in calendar.hours[local.weekday()])


def counted(calendar: Calendar, begin: datetime, minutes: int) -> timedelta:
    return sum(shown_open(calendar, begin + number * MINUTE) for number in range(minutes)) * MINUTE


@settings(max_examples=100, deadline=None)
@given(drawn=calendars_at_a_change(), minutes=st.integers(0, 60 * 60))
def test_working_time_across_a_clock_change_is_what_counting_its_minutes_gives(
    drawn: tuple[Calendar, datetime], minutes: int
) -> None:
    calendar, begin = drawn

    assert working_time_between(calendar, begin, begin + minutes * MINUTE) == counted(
        calendar, begin, minutes
    )


@settings(max_examples=100, deadline=None)
@given(drawn=calendars_at_a_change(), minutes=st.integers(1, 20 * 60))
def test_a_deadline_across_a_clock_change_is_the_first_minute_with_that_much_counted(
    drawn: tuple[Calendar, datetime], minutes: int
) -> None:
    calendar, begin = drawn
    left, instant = minutes, begin
    while left:
        left -= shown_open(calendar, instant)
        instant += MINUTE

    assert add_working_time(calendar, begin, minutes * MINUTE).due_at == instant


@settings(max_examples=100, deadline=None)
@given(drawn=calendars_at_a_change())
def test_the_next_opening_across_a_clock_change_is_the_first_minute_shown_open(
    drawn: tuple[Calendar, datetime],
) -> None:
    calendar, begin = drawn
    instant = begin
    while not shown_open(calendar, instant):
        instant += MINUTE

    assert next_opening(calendar, begin) == instant


@law
@given(a=instants, b=instants, c=instants)
def test_working_time_adds_up_over_any_instant_between(a: datetime, b: datetime, c: datetime) -> None:
    whole = working_time_between(OFFICE, a, c)

    assert whole == working_time_between(OFFICE, a, b) + working_time_between(OFFICE, b, c)


@law
@given(a=instants, ahead=lengths)
def test_adding_the_working_time_between_two_instants_never_passes_the_second(
    a: datetime, ahead: timedelta
) -> None:
    b = a + ahead

    assert add_working_time(OFFICE, a, working_time_between(OFFICE, a, b)).due_at <= b


@law
@given(a=instants, amount=lengths)
def test_a_deadline_has_exactly_the_working_time_asked_for_and_no_earlier_instant_has(
    a: datetime, amount: timedelta
) -> None:
    due_at = add_working_time(OFFICE, a, amount).due_at

    assert working_time_between(OFFICE, a, due_at) == amount
    assert not amount or working_time_between(OFFICE, a, due_at - timedelta(microseconds=1)) < amount


@law
@given(a=instants, ahead=lengths, amount=lengths, more=lengths)
def test_a_later_start_or_more_time_is_never_due_earlier(
    a: datetime, ahead: timedelta, amount: timedelta, more: timedelta
) -> None:
    due_at = add_working_time(OFFICE, a, amount).due_at

    assert add_working_time(OFFICE, a + ahead, amount).due_at >= due_at
    assert add_working_time(OFFICE, a, amount + more).due_at >= due_at


@law
@given(a=instants, ahead=lengths, days=st.integers(0, 60))
def test_working_days_count_the_dates_that_are_worked_and_a_later_start_is_never_due_earlier(
    a: datetime, ahead: timedelta, days: int
) -> None:
    due_at = add_working_days(OFFICE, a, days).due_at

    if days:
        assert (
            working_dates_after(a.astimezone(OFFICE.zone).date(), due_at.astimezone(OFFICE.zone).date())
            == days
        )
    assert due_at >= a
    assert add_working_days(OFFICE, a + ahead, days).due_at >= due_at


def working_dates_after(start: date, end: date) -> int:
    return sum(
        is_working_day(OFFICE, start + timedelta(days=number + 1)) for number in range((end - start).days)
    )
