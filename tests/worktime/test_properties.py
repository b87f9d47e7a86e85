"""Laws of working time, for any hours, any instants and across the clock changes of five zones.

The yardstick is a count minute by minute that asks only what the clock on the wall shows: an interval is open from when
the clock first shows its begin until it first shows, or has passed, its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worktime.samples import office
from worktime import (
    Calendar,
    Duration,
    Ends,
    Pause,
    Roll,
    Term,
    Unit,
    add_working_days,
    add_working_time,
    due,
    is_working_day,
    next_opening,
    working_time_between,
)
from worktime.calendar import HalfDay, Interval
from worktime.holiday_rules import AddedHoliday, HolidayRules

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60
STEP = 10  # minutes; so that intervals also begin and end inside a repeated or skipped hour
WEDNESDAY = 2
OFFICE = office()

# Berlin, New York, Sydney (the other way round), Lord Howe (half an hour) and Havana (at midnight).
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/New_York": ("2026-03-08T07:00", "2026-11-01T06:00"),
    "Australia/Sydney": ("2026-04-04T16:00", "2026-10-03T16:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),
    "America/Havana": ("2026-03-08T05:00", "2026-11-01T05:00"),
}

law = settings(max_examples=150, deadline=None)
counted_law = settings(max_examples=80, deadline=None)
instants = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001 - hypothesis takes bounds without a zone
    max_value=datetime(2029, 12, 31),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
lengths = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=40))


@dataclass(frozen=True)
class Drawn:
    """A calendar, an instant near a change of its clocks, and holds after it."""

    calendar: Calendar
    begin: datetime
    holds: list[Pause] = field(default_factory=list)


def intervals(*bounds: int) -> tuple[Interval, ...]:
    """Pair the steps of a day, in order, into intervals."""
    return tuple(Interval(a * STEP, b * STEP) for a, b in zip(bounds[::2], bounds[1::2], strict=True))


@st.composite
def day_hours(draw: st.DrawFn) -> tuple[Interval, ...]:
    """One to three intervals from midnight to midnight."""
    count = draw(st.integers(1, 3))
    steps = st.integers(0, MINUTES_A_DAY // STEP)
    return intervals(*sorted(draw(st.sets(steps, min_size=2 * count, max_size=2 * count))))


@st.composite
def night_hours(draw: st.DrawFn) -> tuple[Interval, ...]:
    """A shift over midnight, from after noon to before the next noon, and sometimes an interval before it."""
    noon, midnight = MINUTES_A_DAY // 2 // STEP, MINUTES_A_DAY // STEP
    opens = draw(st.integers(noon + 2, midnight - 1))
    shift = (opens, draw(st.integers(midnight + 1, midnight + noon)))
    earlier = (noon, draw(st.integers(noon + 1, opens))) if draw(st.booleans()) else ()
    return intervals(*earlier, *shift)


@st.composite
def drawn_calendars(draw: st.DrawFn) -> Drawn:
    """A calendar with shifts over midnight, a holiday and a half day, at most two days before a change of its clocks."""
    key = draw(st.sampled_from(sorted(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[key]))).replace(tzinfo=UTC)
    # All days are worked between midnight and midnight, or all between noon and noon: so no two collide.
    hours_of_a_day = draw(st.sampled_from([day_hours(), night_hours(), night_hours()]))
    # Wednesday is always worked in the afternoon, so that there is something to count within a few weeks.
    hours = tuple(
        (Interval(720, 960),)
        if weekday == WEDNESDAY
        else draw(st.one_of(st.just(()), hours_of_a_day, hours_of_a_day, hours_of_a_day))
        for weekday in range(7)
    )
    near = st.integers(-2, 3).map(lambda days: (change + days * ONE_DAY).astimezone(ZoneInfo(key)).date())
    off, half = draw(near), draw(near)
    calendar = Calendar(
        "drawn",
        "1",
        ZoneInfo(key),
        hours,
        (HalfDay(half, draw(hours_of_a_day), "drawn"),),
        HolidayRules(added=(AddedHoliday(off, "drawn", "drawn"),)),
    )
    begin = change - draw(st.integers(0, 48 * 60)) * MINUTE
    return Drawn(calendar, begin, draw(holds_after(begin)))


@st.composite
def holds_after(draw: st.DrawFn, begin: datetime) -> list[Pause]:
    """Up to three holds of whole minutes, which may overlap."""
    ends = st.tuples(st.integers(0, 40 * 60), st.integers(0, 20 * 60))
    return [
        Pause(begin + after * MINUTE, begin + (after + lasts) * MINUTE)
        for after, lasts in draw(st.lists(ends, max_size=3))
    ]


def hours_on(calendar: Calendar, day: date) -> tuple[Interval, ...]:
    """A date's hours, from what was drawn alone."""
    if any(day == added.when for added in calendar.holidays.added) or not calendar.hours[day.weekday()]:
        return ()
    return next(
        (half.hours for half in calendar.half_days if half.when == day), calendar.hours[day.weekday()]
    )


def minutes_shown(calendar: Calendar, begin: datetime) -> Iterator[tuple[datetime, bool]]:
    """Give each minute from an instant on, and whether the clock on the wall shows that it is worked."""
    instant = begin - 3 * HOUR  # A repeated hour that goes on at the begin was first shown since.
    latest = datetime.min  # noqa: DTZ901 - what the clock on the wall shows has no zone
    while True:
        latest = max(latest, instant.astimezone(calendar.zone).replace(tzinfo=None))
        if instant >= begin:
            yield instant, shown_open(calendar, latest)
        instant += MINUTE


def shown_open(calendar: Calendar, shown: datetime) -> bool:
    for day in (shown.date(), shown.date() - ONE_DAY):
        minute = (shown - datetime.combine(day, time.min)) // MINUTE
        if any(opens <= minute < closes for opens, closes in hours_on(calendar, day)):
            return True
    return False


def held(holds: list[Pause], instant: datetime) -> bool:
    return any(begins <= instant < ends for begins, ends in holds)


def counted_until(drawn: Drawn, minutes: int) -> datetime:
    """The first instant at which that many minutes were shown open and not on hold."""
    left = minutes
    for instant, is_open in minutes_shown(drawn.calendar, drawn.begin):
        if not left:
            return instant
        left -= is_open and not held(drawn.holds, instant)
    raise AssertionError


@counted_law
@given(drawn=drawn_calendars(), minutes=st.integers(0, 60 * 60))
def test_working_time_across_a_clock_change_is_what_counting_its_minutes_gives(
    drawn: Drawn, minutes: int
) -> None:
    shown = minutes_shown(drawn.calendar, drawn.begin)
    count = sum(is_open for _, (_, is_open) in zip(range(minutes), shown, strict=False))

    assert working_time_between(drawn.calendar, drawn.begin, drawn.begin + minutes * MINUTE) == count * MINUTE


@counted_law
@given(drawn=drawn_calendars(), minutes=st.integers(1, 10 * 60))
def test_a_deadline_across_a_clock_change_is_the_first_minute_with_that_much_counted(
    drawn: Drawn, minutes: int
) -> None:
    expected = counted_until(Drawn(drawn.calendar, drawn.begin), minutes)

    assert add_working_time(drawn.calendar, drawn.begin, minutes * MINUTE).due_at == expected


@counted_law
@given(drawn=drawn_calendars(), minutes=st.integers(1, 10 * 60))
def test_with_holds_a_deadline_is_the_first_minute_with_that_much_counted_outside_them(
    drawn: Drawn, minutes: int
) -> None:
    limit = Duration(minutes, Unit.WORKING_MINUTES)

    deadline = due(drawn.calendar, drawn.begin, limit, drawn.holds)

    assert deadline.due_at == counted_until(drawn, minutes)


@counted_law
@given(drawn=drawn_calendars(), minutes=st.integers(0, 48 * 60))
def test_with_holds_elapsed_time_is_the_first_minute_with_that_much_passed_outside_them(
    drawn: Drawn, minutes: int
) -> None:
    instant, left = drawn.begin, minutes
    while left:
        left -= not held(drawn.holds, instant)
        instant += MINUTE

    assert due(drawn.calendar, drawn.begin, Duration(minutes, Unit.MINUTES), drawn.holds).due_at == instant


@counted_law
@given(drawn=drawn_calendars())
def test_the_next_opening_across_a_clock_change_is_the_first_minute_shown_open(drawn: Drawn) -> None:
    shown = minutes_shown(drawn.calendar, drawn.begin)

    assert next_opening(drawn.calendar, drawn.begin) == next(at for at, is_open in shown if is_open)


@counted_law
@given(drawn=drawn_calendars(), minutes=st.integers(1, 60 * 60))
def test_an_explanation_s_steps_add_up_to_what_was_asked_for(drawn: Drawn, minutes: int) -> None:
    limit = Duration(minutes, Unit.WORKING_MINUTES)

    steps = due(drawn.calendar, drawn.begin, limit, drawn.holds).explanation.as_dict()["steps"]

    assert isinstance(steps, list)
    assert sum(step.get("minutes", 0) for step in steps if step["kind"].startswith("counted")) == minutes


@law
@given(
    drawn=drawn_calendars(), days=st.integers(0, 10), roll=st.sampled_from(Roll), ends=st.sampled_from(Ends)
)
def test_a_rolled_deadline_is_on_a_working_day_and_never_before_the_start(
    drawn: Drawn, days: int, roll: Roll, ends: Ends
) -> None:
    limit = Duration(days, Unit.CALENDAR_DAYS)
    if roll is Roll.NONE and ends is Ends.CLOSE_OF_BUSINESS:
        ends = Ends.END_OF_DAY

    due_at = due(drawn.calendar, drawn.begin, Term(limit=limit, roll=roll, ends=ends), drawn.holds).due_at

    plain = due(drawn.calendar, drawn.begin, limit, drawn.holds).due_at
    plain_day = (plain - MINUTE).astimezone(drawn.calendar.zone).date()
    assert due_at >= drawn.begin
    assert (due_at == plain) or (roll is not Roll.NONE)
    if is_working_day(drawn.calendar, plain_day) and ends is not Ends.CLOSE_OF_BUSINESS:
        assert due_at == plain
    elif roll is Roll.NEXT_WORKING_DAY and not is_working_day(drawn.calendar, plain_day):
        assert due_at > plain


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
