"""Instants in UTC, and the one instant that each minute of a local date means.

CPython adds to and subtracts from aware datetimes of one zone by the wall clock, which is wrong by an hour across a
clock change. So nothing here computes in local time: it is converted first, and compared and summed in UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worktime.refusals import InstantNaive, InstantOutOfRange

_FIRST_YEAR = 1900
_LAST_YEAR = 2199
_SECOND = timedelta(seconds=1)


def as_instant(value: datetime) -> datetime:
    """Convert to UTC; refuse with InstantNaive without an offset, InstantOutOfRange outside 1900 to 2199."""
    if value.utcoffset() is None:
        raise InstantNaive(f"{value.isoformat()} has no offset: say which zone it is in")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise InstantOutOfRange(f"{value.isoformat()} is outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return value.astimezone(UTC)


def later(start: datetime, amount: timedelta) -> datetime:
    """Add elapsed time to an instant in UTC; refuse with InstantOutOfRange what ends after 2199."""
    try:
        return as_instant(start + amount)
    except OverflowError:
        raise InstantOutOfRange(
            f"{start.isoformat()} and {amount.days} days end after {_LAST_YEAR}"
        ) from None


def instant_of(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """Tell the instant of a local minute, 0 to 1440, of a date.

    One local minute means one instant, in order, so that neighbouring intervals never overlap: of a repeated hour
    the first pass counts as the boundary, and all of a skipped hour is the instant of the skip.
    """
    wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return _skip_between(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant)


def _skip_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old_offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old_offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
