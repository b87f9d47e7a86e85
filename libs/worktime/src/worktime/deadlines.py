"""When something is due, and how much working time lies between two instants.

All instants that go in need an offset (else InstantNaive) and come out in UTC. All searches end three years after their
start with NoWorkingTime, and a year that the holiday rules do not reach is refused with HolidaysUnknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import assert_never

from worktime import counting
from worktime.calendar import HORIZON, Calendar
from worktime.clock_changes import changes_between
from worktime.counting import Counted, too_little
from worktime.durations import Duration, Unit
from worktime.explanation import Explanation, summed_up
from worktime.instants import as_instant, end_of_day
from worktime.pauses import Pause, joined
from worktime.refusals import DurationInvalid
from worktime.rolling import ended
from worktime.steps import Began, ClocksChanged, Line, OnHold
from worktime.terms import Begins, Ends, Roll, Term
from worktime.wording import said

_NOTHING = timedelta()
_ONE_HOUR = timedelta(hours=1)
_ONE_DAY = timedelta(days=1)
_DAYS_A_WEEK = 7
_DATE_WORDS = {
    Unit.WORKING_DAYS: "working day",
    Unit.CALENDAR_DAYS: "calendar day",
    Unit.CALENDAR_WEEKS: "calendar week",
    Unit.CALENDAR_MONTHS: "calendar month",
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant in UTC by which something must be done, and how it was found."""

    due_at: datetime
    explanation: Explanation


def due(calendar: Calendar, start: datetime, rule: Duration | Term, pauses: Sequence[Pause] = ()) -> Deadline:
    """Tell when a policy's duration or term after a start is over.

    What passes in the pauses does not count: hours and minutes are added again, and a day is not counted when the clock
    was on hold as it ended (its last working interval for working days, midnight for calendar days). Give no pauses
    for a regulatory clock, which never stops. Refuses with PauseInvalid a pause that ends before it begins.
    """
    term = rule if isinstance(rule, Term) else Term(limit=rule)
    length = term.limit.length
    return _due(calendar, start, term, term.limit.count if length is None else length, pauses)


def add_elapsed(calendar: Calendar, start: datetime, amount: timedelta) -> Deadline:
    """Add time that passes day and night; the calendar only tells the zone to explain it in.

    Refuses with DurationInvalid a negative amount, with InstantOutOfRange what ends after 2199.
    """
    _refuse_negative(amount)
    return _due(calendar, start, _plain(Unit.SECONDS), amount, ())


def add_working_time(calendar: Calendar, start: datetime, amount: timedelta) -> Deadline:
    """Find the earliest instant with this much working time since the start; nothing added is due at the start.

    Refuses with DurationInvalid a negative amount, with NoWorkingTime when the calendar has less within three years.
    """
    _refuse_negative(amount)
    return _due(calendar, start, _plain(Unit.WORKING_SECONDS), amount, ())


def add_working_days(calendar: Calendar, start: datetime, days: int) -> Deadline:
    """Find the end of the last working interval of the n-th working day after the local date of the start.

    The date of the start is not counted, so that a due date is a whole day wherever in the day the clock started; after
    midnight in a shift, it is the date on which the shift began. With 0 days it is the end of the start's own date or,
    if that is over or no working day, of the next working day.
    Refuses with DurationInvalid a negative number, with NoWorkingTime when the calendar has fewer within three years.
    """
    if days < 0:
        raise DurationInvalid(f"{days} working days is negative: count forward from the start")
    return _due(calendar, start, _plain(Unit.WORKING_DAYS), days, ())


def working_time_between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """Sum the working time from one instant to another; negative when the second is the earlier one."""
    begin, end = as_instant(a), as_instant(b)
    if end < begin:
        return -working_time_between(calendar, end, begin)
    total = _NOTHING
    # A shift that began on the date before may still go on.
    day = _local_date(calendar, begin) - _ONE_DAY
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
    for day in calendar.days_from_instant(begin):
        for opens, closes in day.spans:
            if closes > begin:
                return max(opens, begin)
    raise too_little(calendar, "the next opening", begin)


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Tell whether a local date has any working time."""
    return bool(calendar.day(day).spans)


def _due(
    calendar: Calendar, start: datetime, term: Term, amount: timedelta | int, pauses: Iterable[Pause]
) -> Deadline:
    given = as_instant(start)
    rule = _rule_words(term, amount)
    begin = _begin(calendar, given, term.begins)
    holds = joined(pauses, begin)
    counted = _count(calendar, begin, term.limit.unit, amount, holds)
    if counted is None:
        raise too_little(calendar, rule, begin)
    end = ended(calendar, term, begin, counted)
    lines = [*counted.lines, *_around(calendar, given, max(counted.at, end.at), holds)]
    if begin != given:
        lines.append(Began(_local_date(calendar, begin), begin))
    explanation = Explanation(
        calendar=calendar.name,
        version=calendar.version,
        zone=calendar.zone,
        holidays=calendar.holidays.source,
        rule=rule,
        start=given,
        due=end.at,
        steps=(*summed_up(sorted(lines, key=_place)), *summed_up(end.lines)),
    )
    return Deadline(end.at, explanation)


def _count(
    calendar: Calendar, begin: datetime, unit: Unit, amount: timedelta | int, holds: tuple[Pause, ...]
) -> Counted | None:
    if isinstance(amount, timedelta):
        count = counting.working_time if unit.is_working else counting.elapsed
        return count(calendar, begin, amount, holds)
    if unit is Unit.WORKING_DAYS:
        return counting.working_days(calendar, begin, amount, holds)
    if unit is Unit.CALENDAR_MONTHS:
        return counting.calendar_months(calendar, begin, amount, holds)
    days = amount * _DAYS_A_WEEK if unit is Unit.CALENDAR_WEEKS else amount
    return counting.calendar_days(calendar, begin, days, holds)


def _begin(calendar: Calendar, start: datetime, begins: Begins) -> datetime:
    match begins:
        case Begins.AT_ONCE:
            return start
        case Begins.NEXT_HOUR:
            local = start.astimezone(calendar.zone)
            into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            return start - into + _ONE_HOUR
        case Begins.NEXT_DAY:
            return end_of_day(calendar.zone, _local_date(calendar, start))
        case _:
            assert_never(begins)


def _around(calendar: Calendar, begin: datetime, end: datetime, holds: Iterable[Pause]) -> list[Line]:
    """Say what else happened between two instants: holds, and changes of the clocks."""
    lines: list[Line] = [
        OnHold(_local_date(calendar, hold.begins), *hold) for hold in holds if hold.begins < end
    ]
    if end - begin <= HORIZON:  # Over longer spans nobody counts the hours.
        changes = changes_between(calendar.zone, begin, end)
        lines += [ClocksChanged(change.before.date(), change) for change in changes]
    return lines


def _place(line: Line) -> tuple[date, bool]:
    """Put lines in the order of their dates; on one date what happened goes before what was counted."""
    return line.date, not isinstance(line, Began | OnHold | ClocksChanged)


def _plain(unit: Unit) -> Term:
    return Term(limit=Duration(0, unit))


def _local_date(calendar: Calendar, instant: datetime) -> date:
    return instant.astimezone(calendar.zone).date()


def _refuse_negative(amount: timedelta) -> None:
    if amount < _NOTHING:
        raise DurationInvalid(f"{amount.total_seconds():g} seconds is negative: count forward from the start")


def _rule_words(term: Term, amount: timedelta | int) -> str:
    unit = term.limit.unit
    if isinstance(amount, int):
        words = f"{_count_words(unit, amount)}, until {_end_words(term)}"
    elif unit.is_working:
        words = f"{said(amount)} of working time"
    else:
        words = f"{_elapsed_words(amount)} of elapsed time, day and night"
    return "; ".join([words, *_term_words(term)])


def _count_words(unit: Unit, count: int) -> str:
    if not count:
        or_next = " or, where that is over or not worked, the next working day"
        return f"the day of the start{or_next if unit is Unit.WORKING_DAYS else ''}"
    name = _DATE_WORDS[unit]
    return f"{count} {name if count == 1 else name + 's'} after the day of the start"


def _end_words(term: Term) -> str:
    business = term.limit.unit is Unit.WORKING_DAYS and term.ends is Ends.AS_COUNTED
    if business or term.ends is Ends.CLOSE_OF_BUSINESS:
        return "the end of its last working interval"
    return "its end at midnight"


def _elapsed_words(amount: timedelta) -> str:
    days, rest = divmod(amount, _ONE_DAY)
    parts = [f"{days} d"] if days else []
    return " ".join([*parts, said(rest)] if rest or not days else parts)


def _term_words(term: Term) -> list[str]:
    words = {
        Begins.NEXT_HOUR: "counted from the next full hour",
        Begins.NEXT_DAY: "counted from the day after the start",
        Roll.NEXT_WORKING_DAY: "on a day that is not worked it moves on to the next working day",
        Roll.PREVIOUS_WORKING_DAY: "on a day that is not worked it moves back to the working day before",
    }
    if not term.limit.unit.counts_dates:
        words[Ends.CLOSE_OF_BUSINESS] = "due at the end of the last working interval of its day"
        words[Ends.END_OF_DAY] = "due at the end of its day, at midnight"
    found = [words[each] for each in (term.begins, term.roll, term.ends) if each in words]
    if term.at_least_working_days:
        found.append(f"with at least {term.at_least_working_days} working days in it")
    return found
