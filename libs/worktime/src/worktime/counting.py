"""Counting from a start: working time, working days, calendar days and elapsed time, each with its lines.

Intervals are laid out date by date in the calendar's zone, turned into instants, clipped and summed in UTC. What
passed while the clock was on hold is not counted; a day that is counted as a whole does not count when the clock was on
hold as it ended, so that short holds within a day neither give nor take one.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from worktime.calendar import Calendar, Day, Span, Why
from worktime.instants import LAST_YEAR, as_instant, end_of_day, later
from worktime.pauses import Pause, holds_at_end
from worktime.refusals import InstantOutOfRange, NoWorkingTime
from worktime.steps import CountedDates, CountedDay, CountedTime, Line, SkippedDay

_NOTHING = timedelta()
_ONE_DAY = timedelta(days=1)
_MONTHS_A_YEAR = 12


class Counted(NamedTuple):
    """The instant reached, the date it belongs to, and a line for all that was counted or skipped on the way."""

    at: datetime
    day: date
    lines: list[Line]


def elapsed(calendar: Calendar, begin: datetime, amount: timedelta, holds: Iterable[Pause]) -> Counted:
    """Count time that passes day and night."""
    at = later(begin, amount)
    for begins, ends in holds:
        if begins < at:
            at = later(at, ends - begins)
    return Counted(at, last_date(calendar, at), [])


def working_time(
    calendar: Calendar, begin: datetime, amount: timedelta, holds: tuple[Pause, ...]
) -> Counted | None:
    """Count time inside opening hours, to the earliest instant with that much; None where the horizon has less."""
    if not amount:
        return Counted(begin, calendar.working_date(begin), [])
    left = amount
    lines: list[Line] = []
    for day in calendar.days_from_instant(begin):
        counted = _counted(day, begin, left, holds)
        lines += counted or [_uncounted(day, begin)]
        left -= sum((each.time for each in counted), _NOTHING)
        if not left:
            return Counted(counted[-1].closes, day.date, lines)
    return None


def working_days(calendar: Calendar, begin: datetime, days: int, holds: Iterable[Pause]) -> Counted | None:
    """Count working days after the date of the start, each to the end of its last working interval.

    With 0, the date of the start itself counts, if its hours are not over. None where the horizon has fewer.
    """
    start_date = calendar.working_date(begin)
    number = 0
    lines: list[Line] = []
    for day in calendar.days_from(start_date):
        closes = day.spans[-1].closes if day.spans else None
        if days and day.date == start_date:
            lines.append(SkippedDay(day.date, Why.START_DAY))
        elif closes is None or closes < begin:
            lines.append(skipped(day))
        elif holds_at_end(holds, closes):
            lines.append(SkippedDay(day.date, Why.ON_HOLD))
        else:
            number += 1
            lines.append(CountedDay(day.date, number, closes, day.note))
            if number >= days:
                return Counted(closes, day.date, lines)
    return None


def calendar_days(calendar: Calendar, begin: datetime, days: int, holds: Iterable[Pause]) -> Counted:
    """Count dates after that of the start, worked or not, to the midnight that ends the last."""
    start_date = _local_date(calendar, begin)
    return _dates(calendar, start_date, _date_after(start_date, days), holds)


def calendar_months(calendar: Calendar, begin: datetime, months: int, holds: Iterable[Pause]) -> Counted:
    """Count months after the date of the start, to the midnight that ends the day of the same number.

    Where the last month has no such day, its last day is meant.
    """
    start_date = _local_date(calendar, begin)
    year, month = divmod(start_date.year * _MONTHS_A_YEAR + start_date.month - 1 + months, _MONTHS_A_YEAR)
    if year > LAST_YEAR:
        raise InstantOutOfRange(f"{start_date} and {months} months end after {LAST_YEAR}")
    last = date(year, month + 1, min(start_date.day, monthrange(year, month + 1)[1]))
    return _dates(calendar, start_date, last, holds)


def last_date(calendar: Calendar, end: datetime) -> date:
    """Tell the local date that a deadline at this instant ends on: at midnight, that of the day before."""
    return _local_date(calendar, end - timedelta(microseconds=1))


def open_spans(day: Day, begin: datetime, holds: tuple[Pause, ...]) -> Iterator[Span]:
    """Give what is left of a date's opening hours after an instant and outside the holds."""
    for span in day.spans:
        opens = max(span.opens, begin)
        for begins, ends in holds:
            if begins < span.closes and opens < ends:
                if opens < begins:
                    yield Span(opens, begins)
                opens = ends
        if opens < span.closes:
            yield Span(opens, span.closes)


def skipped(day: Day) -> SkippedDay:
    """Say why a date counts nothing; where it had hours, they were over."""
    if day.closed is None:
        return SkippedDay(day.date, Why.AFTER_HOURS)
    return SkippedDay(day.date, day.closed, day.note)


def too_little(calendar: Calendar, rule: str, begin: datetime) -> NoWorkingTime:
    """Say that the horizon ended the search."""
    return NoWorkingTime(
        f"calendar {calendar.name!r} version {calendar.version} does not reach {rule} "
        f"within three years of {begin.isoformat()}"
    )


def _counted(day: Day, begin: datetime, left: timedelta, holds: tuple[Pause, ...]) -> list[CountedTime]:
    counted: list[CountedTime] = []
    for opens, closes in open_spans(day, begin, holds):
        if left:
            end = min(closes, opens + left) if left < closes - opens else closes
            counted.append(CountedTime(day.date, opens, end, day.note))
            left -= end - opens
    return counted


def _uncounted(day: Day, begin: datetime) -> SkippedDay:
    if day.spans and day.spans[-1].closes > begin:
        return SkippedDay(day.date, Why.ON_HOLD)
    return skipped(day)


def _dates(calendar: Calendar, start_date: date, last: date, holds: Iterable[Pause]) -> Counted:
    wanted = (last - start_date).days
    first = start_date + _ONE_DAY if wanted else start_date
    held = 0
    for day in _dates_ended_on_hold(calendar, holds):
        if first <= day <= last:
            last = _date_after(last, 1)
            held += 1
    lines: list[Line] = [SkippedDay(start_date, Why.START_DAY)] if wanted else []
    lines.append(CountedDates(first, last, wanted, held))
    return Counted(as_instant(end_of_day(calendar.zone, last)), last, lines)


def _dates_ended_on_hold(calendar: Calendar, holds: Iterable[Pause]) -> Iterator[date]:
    for hold in holds:
        day = _local_date(calendar, hold.begins) - _ONE_DAY
        while day <= _local_date(calendar, hold.ends):
            if holds_at_end((hold,), end_of_day(calendar.zone, day)):
                yield day
            day += _ONE_DAY


def _date_after(day: date, days: int) -> date:
    if days > (date(LAST_YEAR, 12, 31) - day).days:
        raise InstantOutOfRange(f"{day} and {days} days end after {LAST_YEAR}")
    return day + timedelta(days=days)


def _local_date(calendar: Calendar, instant: datetime) -> date:
    return instant.astimezone(calendar.zone).date()
