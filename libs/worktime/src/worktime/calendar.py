"""A calendar: when an organisation works, date by date."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from worktime.holiday_rules import HolidayRules, HolidayYear, RemovedHoliday
from worktime.instants import instant_of
from worktime.recurring import Yearly, falls_on

HORIZON = timedelta(days=3 * 366)
"""How far after its start a search for working time goes."""

TRIAL_YEARS = range(2026, 2029)
"""The years in which a calendar is tried out; fixed, so that a text is good or bad on whatever day it is read."""

_DAYS_REMEMBERED = 4_096
_ONE_DAY = timedelta(days=1)


class Interval(NamedTuple):
    """Opening hours in minutes of the local date, the end not included; an end after 1440 is on the next date.

    A shift over midnight belongs to the date on which it begins, with all its hours: a holiday on that date takes the
    whole shift, and one on the next date takes nothing from it.
    """

    opens: int
    closes: int


class Span(NamedTuple):
    """Opening hours as instants in UTC, the end not included."""

    opens: datetime
    closes: datetime


class Why(StrEnum):
    """Why a date counts nothing."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    SKIPPED_BY_CLOCKS = "skipped_by_clocks"
    AFTER_HOURS = "after_hours"
    START_DAY = "start_day"
    ON_HOLD = "on_hold"


class Day(NamedTuple):
    """One date: its opening hours in order, or why it has none; `note` says what is special about it."""

    date: date
    spans: tuple[Span, ...]
    closed: Why | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class HalfDay:
    """Other hours on a date that would be a normal working day, and why; a holiday stays a holiday."""

    when: date | Yearly
    hours: tuple[Interval, ...]
    reason: str


@dataclass(frozen=True)
class Calendar:
    """Hours for each weekday (Monday first) in a zone, half days and holidays, under a name and version.

    Build it with `parse_calendar`, which checks it. It keeps what it has worked out about years and dates, so one
    calendar object should serve all computations of a process; threads may share it.
    """

    name: str
    version: str
    zone: ZoneInfo
    hours: tuple[tuple[Interval, ...], ...]
    half_days: tuple[HalfDay, ...] = ()
    holidays: HolidayRules = field(default_factory=HolidayRules)
    _years: dict[int, HolidayYear] = field(default_factory=dict, init=False, repr=False, compare=False)
    _days: dict[date, Day] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def reference(self) -> str:
        """Its name and version as one code, to store with what was computed."""
        return f"{self.name}:{self.version}"

    def day(self, day: date) -> Day:
        """Tell what a local date counts, from memory where it was asked before."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _DAYS_REMEMBERED:
                self._days.clear()
            known = self._days[day] = self._work_out(day)
        return known

    @property
    def doubts(self) -> tuple[str, ...]:
        """Say what of its text has no effect on the holidays known now, for the operator to look at; mostly nothing."""
        return tuple(
            f"calendar {self.name!r}: holidays.remove: {removal.when} is no public holiday here "
            f"({self.holidays.source}); the day is worked in any case"
            for removal in self.holidays.removed
            if not isinstance(removal.when, str) and self.removes_nothing(removal)
        )

    def removes_nothing(self, removal: RemovedHoliday) -> bool:
        """Tell whether a removal meets no public holiday, in its own year or in the years of a trial."""
        years = [removal.when.year] if isinstance(removal.when, date) else TRIAL_YEARS
        return all(removal in self.holiday_year(year).unused for year in years)

    def working_date(self, instant: datetime) -> date:
        """Tell the local date that an instant belongs to: that on which its shift began, where one goes on over midnight."""
        today = instant.astimezone(self.zone).date()
        before = self.day(today - _ONE_DAY)
        runs_on = before.spans and before.spans[-1].opens <= instant < before.spans[-1].closes
        return before.date if runs_on else today

    def days_from_instant(self, instant: datetime) -> Iterator[Day]:
        """Go through the dates that have working time after an instant or might have had, to the horizon.

        The first is its local date, or the one before where a shift that began then is not over.
        """
        today = instant.astimezone(self.zone).date()
        before = self.day(today - _ONE_DAY)
        if before.spans and before.spans[-1].closes > instant:
            yield before
        yield from self.days_from(today)

    def days_from(self, day: date) -> Iterator[Day]:
        """Go through the dates from this one to the horizon."""
        last = day + HORIZON
        while day <= last:
            yield self.day(day)
            day += _ONE_DAY

    def holiday_year(self, year: int) -> HolidayYear:
        """Tell the frozen holidays of a year."""
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self.holidays.year(year)
        return known

    def _work_out(self, day: date) -> Day:
        hours = self.hours[day.weekday()]
        if not hours:
            return Day(day, (), Why.WEEKEND)
        year = self.holiday_year(day.year)
        if day in year.off:
            return Day(day, (), Why.HOLIDAY, year.off[day])
        notes = [year.worked[day]] if day in year.worked else []
        half = next((each for each in self.half_days if falls_on(each.when, day)), None)
        if half is not None:
            hours = half.hours
            notes.append(f"half day: {half.reason}")
        bounds = (
            (instant_of(self.zone, day, opens), instant_of(self.zone, day, closes)) for opens, closes in hours
        )
        spans = tuple(Span(opens, closes) for opens, closes in bounds if opens < closes)
        if not spans:
            return Day(day, (), Why.SKIPPED_BY_CLOCKS)
        return Day(day, spans, None, "; ".join(notes))
