"""When something is due, and how much working time lies between two instants.

Intervals are laid out date by date in the calendar's zone, turned into instants, clipped and summed in UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from worktime.calendar import Calendar, Day, Why
from worktime.durations import Duration
from worktime.explanation import CountedDay, CountedTime, Explanation, Line, said, summed_up
from worktime.explanation import SkippedDay as Skipped
from worktime.instants import as_instant, later
from worktime.refusals import DurationInvalid, NoWorkingTime

_NOTHING = timedelta()
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant in UTC by which something must be done, and how it was found."""

    due_at: datetime
    explanation: Explanation


def due(calendar: Calendar, start: datetime, duration: Duration) -> Deadline:
    """Tell when a policy's duration after a start is over, in working days, working time or elapsed time."""
    if duration.length is None:
        return add_working_days(calendar, start, duration.count)
    if duration.unit.is_working:
        return add_working_time(calendar, start, duration.length)
    return add_elapsed(calendar, start, duration.length)


def add_elapsed(calendar: Calendar, start: datetime, amount: timedelta) -> Deadline:
    """Add time that passes day and night; the calendar only tells the zone to explain it in."""
    begin = as_instant(start)
    _refuse_negative(amount)
    rule = f"{_elapsed_words(amount)} of elapsed time, day and night"
    return _deadline(calendar, rule, begin, later(begin, amount), [])


def add_working_time(calendar: Calendar, start: datetime, amount: timedelta) -> Deadline:
    """Find the earliest instant with this much working time since the start; nothing added is due at the start.

    Refuses with NoWorkingTime when the calendar has less within three years.
    """
    begin = as_instant(start)
    _refuse_negative(amount)
    rule = f"{said(amount)} of working time"
    if not amount:
        return _deadline(calendar, rule, begin, begin, [])
    left = amount
    lines: list[Line] = []
    for day in calendar.days_from(_local_date(calendar, begin)):
        counted = _counted(day, begin, left)
        lines += counted or [_skipped(day)]
        left -= sum((each.time for each in counted), _NOTHING)
        if not left:
            return _deadline(calendar, rule, begin, counted[-1].closes, lines)
    raise _no_working_time(calendar, rule, begin)


def add_working_days(calendar: Calendar, start: datetime, days: int) -> Deadline:
    """Find the end of the last working interval of the n-th working day after the local date of the start.

    The date of the start is not counted, so that a due date is a whole day wherever in the day the clock started.
    With 0 days it is the end of the start's own date or, if that is over or no working day, of the next working day.
    Refuses with NoWorkingTime when the calendar has fewer within three years.
    """
    begin = as_instant(start)
    if days < 0:
        raise DurationInvalid(f"{days} working days is negative: count forward from the start")
    rule = _days_words(days)
    start_date = _local_date(calendar, begin)
    number = 0
    lines: list[Line] = []
    for day in calendar.days_from(start_date):
        closes = day.spans[-1].closes if day.spans else None
        if days and day.date == start_date:
            lines.append(Skipped(day.date, Why.START_DAY))
        elif closes is None or closes < begin:
            lines.append(_skipped(day))
        else:
            number += 1
            lines.append(CountedDay(day.date, number, closes, day.note))
            if number >= days:
                return _deadline(calendar, rule, begin, closes, lines)
    raise _no_working_time(calendar, rule, begin)


def working_time_between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """Sum the working time from one instant to another; negative when the second is the earlier one."""
    begin, end = as_instant(a), as_instant(b)
    if end < begin:
        return -working_time_between(calendar, end, begin)
    total = _NOTHING
    day = _local_date(calendar, begin)
    # One date more than the end's: in a repeated hour at midnight the clock shows a date that has already ended.
    last = _local_date(calendar, end) + _ONE_DAY
    while day <= last:
        for opens, closes in calendar.day(day).spans:
            total += max(min(closes, end) - max(opens, begin), _NOTHING)
        day += _ONE_DAY
    return total


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """Tell the earliest instant from this one on at which work is going on: the same one during opening hours.

    Refuses with NoWorkingTime when there is none within three years.
    """
    begin = as_instant(at)
    for day in calendar.days_from(_local_date(calendar, begin)):
        for opens, closes in day.spans:
            if closes > begin:
                return max(opens, begin)
    raise _no_working_time(calendar, "the next opening", begin)


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Tell whether a local date has any working time."""
    return bool(calendar.day(day).spans)


def _counted(day: Day, begin: datetime, left: timedelta) -> list[CountedTime]:
    counted: list[CountedTime] = []
    for opens, closes in day.spans:
        start = max(opens, begin)
        if left and start < closes:
            end = min(closes, start + left) if left < closes - start else closes
            counted.append(CountedTime(day.date, start, end, day.note))
            left -= end - start
    return counted


def _skipped(day: Day) -> Skipped:
    if day.closed is None:
        return Skipped(day.date, Why.AFTER_HOURS)
    return Skipped(day.date, day.closed, day.note)


def _deadline(
    calendar: Calendar, rule: str, begin: datetime, due_at: datetime, lines: list[Line]
) -> Deadline:
    explanation = Explanation(
        calendar=calendar.name,
        version=calendar.version,
        zone=calendar.zone,
        holidays=calendar.holidays.source,
        rule=rule,
        start=begin,
        due=due_at,
        steps=summed_up(lines),
    )
    return Deadline(due_at, explanation)


def _local_date(calendar: Calendar, instant: datetime) -> date:
    return instant.astimezone(calendar.zone).date()


def _refuse_negative(amount: timedelta) -> None:
    if amount < _NOTHING:
        raise DurationInvalid(f"{amount.total_seconds():g} seconds is negative: count forward from the start")


def _no_working_time(calendar: Calendar, rule: str, begin: datetime) -> NoWorkingTime:
    return NoWorkingTime(
        f"calendar {calendar.name!r} version {calendar.version} does not reach {rule} "
        f"within three years of {begin.isoformat()}"
    )


def _days_words(days: int) -> str:
    if days == 0:
        return "the end of the working day of the start, or of the next one"
    plural = "working day" if days == 1 else "working days"
    return f"{days} {plural} after the day of the start, until the end of its last working interval"


def _elapsed_words(amount: timedelta) -> str:
    days, rest = divmod(amount, _ONE_DAY)
    parts = [f"{days} d"] if days else []
    return " ".join([*parts, said(rest)] if rest or not days else parts)
