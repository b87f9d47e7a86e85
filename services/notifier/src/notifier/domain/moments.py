"""The instant that an offset from a due instant means in a calendar."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from notifier.domain.ladder import Offset
from worktime import Calendar, NoWorkingTime, due
from worktime.calendar import Day, Span

_SEARCHED_DAYS: Final = 3 * 366
_ONE_DAY = timedelta(days=1)


def moment(calendar: Calendar, anchor: datetime, offset: Offset) -> datetime:
    """Tell the instant before or after the anchor.

    After it, working days end with the last working interval of the n-th working day. Before it, they begin with the
    first interval of the n-th working day before the anchor's own date, so that a reminder leaves whole days.
    Refuses with NoWorkingTime where the calendar has too little within three years.
    """
    if not offset.before:
        return due(calendar, anchor, offset.duration).due_at
    length = offset.duration.length
    if length is None:
        return _working_days_before(calendar, anchor, offset.duration.count)
    if offset.duration.unit.is_working:
        return _working_time_before(calendar, anchor, length)
    return anchor - length


def _working_days_before(calendar: Calendar, anchor: datetime, count: int) -> datetime:
    today = anchor.astimezone(calendar.zone).date()
    working = (day for day in _days_back(calendar, anchor) if day.spans and day.date < today)
    for number, day in enumerate(working, 1):
        if number == count:
            return day.spans[0].opens
    raise _too_little(calendar, anchor)


def _working_time_before(calendar: Calendar, anchor: datetime, length: timedelta) -> datetime:
    left = length
    for opens, closes in _spans_back(calendar, anchor):
        end = min(closes, anchor)
        if end - opens >= left:
            return end - left
        left -= max(end - opens, timedelta())
    raise _too_little(calendar, anchor)


def _spans_back(calendar: Calendar, anchor: datetime) -> Iterator[Span]:
    for day in _days_back(calendar, anchor):
        yield from (span for span in reversed(day.spans) if span.opens < anchor)


def _days_back(calendar: Calendar, anchor: datetime) -> Iterator[Day]:
    day = anchor.astimezone(calendar.zone).date()
    for _ in range(_SEARCHED_DAYS):
        yield calendar.day(day)
        day -= _ONE_DAY


def _too_little(calendar: Calendar, anchor: datetime) -> NoWorkingTime:
    return NoWorkingTime(
        f"calendar {calendar.reference} has too little working time before {anchor.isoformat()}"
    )
