"""Instants in UTC, and the one instant that each minute of a local date means.

CPython adds to and subtracts from aware datetimes of one zone by the wall clock, which is wrong by an hour across a
clock change. So nothing here computes in local time: it is converted first, and compared and summed in UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worktime.clock_changes import first_with_new_offset
from worktime.refusals import InstantNaive, InstantOutOfRange

_FIRST_YEAR = 1900
LAST_YEAR = 2199
"""The last year computed with; beyond it neither zones nor holidays mean anything."""
_END_OF_DAY = 24 * 60


def as_instant(value: datetime) -> datetime:
    """Convert to UTC; refuse with InstantNaive without an offset, InstantOutOfRange outside 1900 to 2199."""
    if value.utcoffset() is None:
        raise InstantNaive(f"{value.isoformat()} has no offset: say which zone it is in")
    if not _FIRST_YEAR <= value.year <= LAST_YEAR:
        raise InstantOutOfRange(f"{value.isoformat()} is outside the years {_FIRST_YEAR} to {LAST_YEAR}")
    return value.astimezone(UTC)


def later(start: datetime, amount: timedelta) -> datetime:
    """Add elapsed time to an instant in UTC; refuse with InstantOutOfRange what ends after 2199."""
    try:
        return as_instant(start + amount)
    except OverflowError:
        raise InstantOutOfRange(f"{start.isoformat()} and {amount.days} days end after {LAST_YEAR}") from None


def instant_of(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """Tell the instant of a local minute of a date; minutes from 1440 on are those of the next date.

    One local minute means one instant, in order, so that neighbouring intervals never overlap: of a repeated hour
    the first pass counts as the boundary, and all of a skipped hour is the instant of the skip.
    """
    wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return first_with_new_offset(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant)


def end_of_day(zone: ZoneInfo, day: date) -> datetime:
    """Tell the instant at which a local date ends (24:00), however long the clocks make it."""
    return instant_of(zone, day, _END_OF_DAY)
