"""What becomes of a deadline at its end: the roll to a working day, and when on that day it is over."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from worktime.calendar import HORIZON, Calendar, Day
from worktime.counting import Counted, last_date, skipped, too_little
from worktime.instants import end_of_day
from worktime.steps import Line, Moved
from worktime.terms import Ends, Roll, Term

_ONE_DAY = timedelta(days=1)


class Ended(NamedTuple):
    """The instant at which a deadline is over, and a line for each day passed and each move."""

    at: datetime
    lines: list[Line]


def ended(calendar: Calendar, term: Term, begin: datetime, counted: Counted) -> Ended:
    """Apply a term's roll, its least number of working days and its end of the day to what was counted."""
    lines: list[Line] = []
    reached = _on_its_day(calendar, term, begin, counted)
    if reached is None:
        reached = _rolled(calendar, term, begin, counted.day, lines)
    if term.at_least_working_days:
        reached = _long_enough(calendar, term, begin, reached, lines)
    return Ended(reached[0], lines)


def _on_its_day(
    calendar: Calendar, term: Term, begin: datetime, counted: Counted
) -> tuple[datetime, date] | None:
    # Without a roll nobody asks whether the day is worked, which may be beyond the years of known holidays.
    if term.roll is not Roll.NONE and not calendar.day(counted.day).spans:
        return None
    match term.ends:
        case Ends.AS_COUNTED:
            return counted.at, counted.day
        case Ends.END_OF_DAY:
            # A shift over midnight ends on the date after the one that it belongs to.
            date_reached = max(counted.day, last_date(calendar, counted.at))
            return end_of_day(calendar.zone, date_reached), counted.day
        case Ends.CLOSE_OF_BUSINESS:
            day = calendar.day(counted.day)
            # No working time added on a day that is not worked: the start itself.
            if not day.spans:
                return counted.at, counted.day
            close = day.spans[-1].closes
            return (close, counted.day) if close >= begin else None


def _rolled(
    calendar: Calendar, term: Term, begin: datetime, day: date, lines: list[Line]
) -> tuple[datetime, date]:
    why = "the day is not worked" if not calendar.day(day).spans else "its hours were over at the start"
    if term.roll is Roll.PREVIOUS_WORKING_DAY:
        passed: list[Line] = []
        start_date = calendar.working_date(begin)
        for before in _back(calendar, day, start_date):
            if _is_open(calendar, term, begin, before):
                at = _end_on(calendar, term, before)
                lines += [*passed, Moved(day, before.date, at, f"{why}, so back to the working day before")]
                return at, before.date
            passed.append(skipped(before))
    for after in calendar.days_from(day):
        if _is_open(calendar, term, begin, after):
            at = _end_on(calendar, term, after)
            lines.append(Moved(day, after.date, at, f"{why}, so on to the next working day"))
            return at, after.date
        lines.append(skipped(after))
    raise too_little(calendar, "the next working day", begin)


def _long_enough(
    calendar: Calendar, term: Term, begin: datetime, reached: tuple[datetime, date], lines: list[Line]
) -> tuple[datetime, date]:
    at, last = reached
    day = calendar.working_date(begin)
    number = 0
    horizon = day + HORIZON
    while day < horizon:
        day += _ONE_DAY
        number += bool(calendar.day(day).spans)
        if number >= term.at_least_working_days:
            break
    else:
        raise too_little(calendar, f"{term.at_least_working_days} working days", begin)
    if day <= last:
        return reached
    at = max(at, _end_on(calendar, term, calendar.day(day)))
    least = f"{term.at_least_working_days} working days must lie after the day of the start"
    lines.append(Moved(last, day, at, least))
    return at, day


def _back(calendar: Calendar, day: date, first: date) -> Iterator[Day]:
    while day >= first:
        yield calendar.day(day)
        day -= _ONE_DAY


def _is_open(calendar: Calendar, term: Term, begin: datetime, day: Day) -> bool:
    return bool(day.spans) and _end_on(calendar, term, day) >= begin


def _end_on(calendar: Calendar, term: Term, day: Day) -> datetime:
    if term.ends is Ends.END_OF_DAY or not day.spans:
        return end_of_day(calendar.zone, day.date)
    return day.spans[-1].closes
