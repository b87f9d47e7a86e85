"""Weeks and months as a place counts them, from the instant at which each begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DECEMBER = 12


class Length(StrEnum):
    """How long a period is; a week begins on Monday."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From its first day until the day after its last, at midnight in the zone; both as instants in UTC as well."""

    first_day: date
    next_day: date
    begins_at: datetime
    ends_at: datetime


def begin_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Tell when a day begins in a zone, as an instant in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def period_of(at: datetime, length: Length, zone: ZoneInfo) -> Period:
    """Find the period that an instant lies in."""
    return _made(at.astimezone(zone).date(), length, zone)


def following(period: Period, length: Length, zone: ZoneInfo) -> Period:
    """Give the period after this one."""
    return _made(period.next_day, length, zone)


def periods(first: datetime, until: datetime, length: Length, zone: ZoneInfo) -> Iterator[Period]:
    """Give the periods from the one that `first` lies in, as far as they are over at `until`."""
    period = period_of(first, length, zone)
    while period.ends_at <= until:
        yield period
        period = following(period, length, zone)


def before(at: datetime, number: int, length: Length, zone: ZoneInfo) -> datetime:
    """Tell when the period began that lies so many periods before the one of an instant."""
    period = period_of(at, length, zone)
    for _ in range(number):
        period = _made(period.first_day - timedelta(days=1), length, zone)
    return period.begins_at


def _made(day: date, length: Length, zone: ZoneInfo) -> Period:
    if length is Length.WEEK:
        first = day - timedelta(days=day.weekday())
        then = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        then = date(day.year + day.month // _DECEMBER, day.month % _DECEMBER + 1, 1)
    return Period(first, then, begin_of_day(first, zone), begin_of_day(then, zone))
