"""Days that come back each year: a month and day, a weekday of a month, or a day counted from Easter.

A calendar that names its own days by such a rule needs no name or date from anybody else's list, and so keeps its
meaning when that list changes.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import lru_cache
from typing import NamedTuple

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_PLACES = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "last": 0}
_EVERY_MONTH = "every month"
_LONGEST_SHIFT = 366
_LEAP_YEAR = 2028
_DAYS_A_WEEK = 7
_RULE = re.compile(
    r"(?:(?P<shift>[0-9]{1,3}) days? (?P<side>before|after) )?"
    r"(?:(?P<month>[0-9]{2})-(?P<day>[0-9]{2})|(?P<easter>easter)"
    rf"|(?P<place>{'|'.join(_PLACES)}) (?P<weekday>{'|'.join(_WEEKDAYS)}) "
    rf"of (?P<of>{'|'.join([*_MONTHS, _EVERY_MONTH])}))"
)


class MonthDay(NamedTuple):
    """The same month and day of every year; 29 February comes in leap years only."""

    month: int
    day: int


class WeekdayOfMonth(NamedTuple):
    """The `place`-th (1 to 5; 0 for the last) weekday (Monday is 0) of each of these months."""

    place: int
    weekday: int
    months: tuple[int, ...]


class Easter(NamedTuple):
    """Easter Sunday of the western churches."""


@dataclass(frozen=True, slots=True)
class Yearly:
    """A rule that names days of each year, `shift` days after its anchor (before it, where negative)."""

    anchor: MonthDay | WeekdayOfMonth | Easter
    shift: int = 0
    text: str = ""

    def __str__(self) -> str:
        return self.text or repr(self)

    def dates(self, year: int) -> frozenset[date]:
        """Tell its dates in a year; there may be none."""
        return _dates(self, year)


def parse_yearly(text: str) -> Yearly | None:
    """Read `12-24`, `easter`, `last monday of october`, `2nd saturday of every month` or any of them shifted.

    Shifted is written `48 days before easter`, `1 day after 4th thursday of november`. Gives None for other text.
    """
    found = _RULE.fullmatch(text)
    if found is None:
        return None
    shift = int(found["shift"] or 0)
    if shift > _LONGEST_SHIFT:
        return None
    signed = -shift if found["side"] == "before" else shift
    if found["easter"]:
        return Yearly(Easter(), signed, text)
    if found["place"]:
        months = tuple(range(1, 13)) if found["of"] == _EVERY_MONTH else (_MONTHS.index(found["of"]) + 1,)
        anchor = WeekdayOfMonth(_PLACES[found["place"]], _WEEKDAYS.index(found["weekday"]), months)
        return Yearly(anchor, signed, text)
    month, day = int(found["month"]), int(found["day"])
    if not 1 <= month <= len(_MONTHS) or not 1 <= day <= monthrange(_LEAP_YEAR, month)[1]:
        return None
    return Yearly(MonthDay(month, day), signed, text)


def falls_on(when: date | Yearly, day: date) -> bool:
    """Tell whether a rule's date is this date."""
    return day in when.dates(day.year) if isinstance(when, Yearly) else day == when


def dates_of(when: date | Yearly, year: int) -> Iterable[date]:
    """Tell the dates of a rule in a year."""
    if isinstance(when, Yearly):
        return when.dates(year)
    return [when] if when.year == year else []


@lru_cache(maxsize=4_096)
def _dates(rule: Yearly, year: int) -> frozenset[date]:
    # A shift may carry a day into the next year or the one before.
    years = range(max(year - 2, MINYEAR + 2), min(year + 2, MAXYEAR - 2) + 1)
    anchors = (day for each in years for day in _anchored(rule.anchor, each))
    shifted = (day + timedelta(days=rule.shift) for day in anchors)
    return frozenset(day for day in shifted if day.year == year)


def _anchored(anchor: MonthDay | WeekdayOfMonth | Easter, year: int) -> list[date]:
    if isinstance(anchor, Easter):
        return [easter_sunday(year)]
    if isinstance(anchor, MonthDay):
        exists = anchor.day <= monthrange(year, anchor.month)[1]
        return [date(year, anchor.month, anchor.day)] if exists else []
    found = (_weekday_of(year, month, anchor.weekday, anchor.place) for month in anchor.months)
    return [day for day in found if day is not None]


def _weekday_of(year: int, month: int, weekday: int, place: int) -> date | None:
    length = monthrange(year, month)[1]
    first = 1 + (weekday - date(year, month, 1).weekday()) % _DAYS_A_WEEK
    days = range(first, length + 1, _DAYS_A_WEEK)
    if place > len(days):
        return None
    return date(year, month, days[place - 1])


def easter_sunday(year: int) -> date:
    """Tell Easter Sunday in the Gregorian calendar, by the computation that Meeus, Jones and Butcher published."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
