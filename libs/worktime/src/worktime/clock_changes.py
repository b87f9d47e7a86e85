"""When the clocks of a zone change, so that an explanation can say so."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

_ONE_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class ClockChange(NamedTuple):
    """An instant in UTC at which the clocks jump, and the local times that they show before and after it."""

    at: datetime
    before: datetime
    after: datetime

    @property
    def forward(self) -> timedelta:
        """How far they jump; negative where they go back."""
        return self.after - self.before


def changes_between(zone: ZoneInfo, begin: datetime, end: datetime) -> list[ClockChange]:
    """List the changes after the first instant and not after the second."""
    years = range(begin.year, end.year + 1)
    return [change for year in years for change in _changes(zone, year) if begin < change.at <= end]


@lru_cache(maxsize=512)
def _changes(zone: ZoneInfo, year: int) -> tuple[ClockChange, ...]:
    found: list[ClockChange] = []
    before, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while before < end:
        after = before + _ONE_DAY
        if _offset(zone, before) != _offset(zone, after):
            at = first_with_new_offset(zone, before, after)
            old, new = _offset(zone, at - _SECOND), _offset(zone, at)
            bare = at.replace(tzinfo=None)
            found.append(ClockChange(at, bare + old, bare + new))
        before = after
    return tuple(found)


def first_with_new_offset(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find the first whole second that does not have the offset of the earlier one of two instants in UTC."""
    old_offset = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if _offset(zone, middle) == old_offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
