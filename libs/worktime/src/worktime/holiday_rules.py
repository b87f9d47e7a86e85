"""Which dates of a year are holidays: a country's, less what is removed, and what the organisation adds.

What the organisation says always goes before the package's list, and is said by its own dates and rules, so that
another release of the package changes neither an addition nor a removal.

The `holidays` package is asked for one whole year at a time and its answer copied, because its objects grow whenever
they are looked into, and beyond the years they were made for they answer "no holiday" without a word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

import holidays
from holidays.constants import HOLIDAY_NAME_DELIMITER
from holidays.version import __version__ as holidays_release

from worktime.recurring import Yearly, dates_of, falls_on
from worktime.refusals import CalendarInvalid, HolidaysUnknown

_LANGUAGE = "en_US"


@dataclass(frozen=True, slots=True)
class AddedHoliday:
    """A day off that the country's list does not have, and why."""

    when: date | Yearly
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RemovedHoliday:
    """A public holiday that is worked, and why: told by its date, by a yearly rule, or by its name.

    A name may have wildcards (`Christmas Day*` also takes the day observed instead), since the package's names differ
    between languages and releases. A date or rule means that the day is worked whatever the package says of it.
    """

    when: date | Yearly | str
    reason: str

    def takes(self, day: date, name: str) -> bool:
        """Tell whether it is about this holiday."""
        return fnmatchcase(name, self.when) if isinstance(self.when, str) else falls_on(self.when, day)


class HolidayYear(NamedTuple):
    """What one year's dates are: off (date to name), or worked although a public holiday (date to why)."""

    off: Mapping[date, str]
    worked: Mapping[date, str]
    unused: tuple[RemovedHoliday, ...]


@dataclass(frozen=True, slots=True)
class HolidayRules:
    """A country or subdivision as the pinned `holidays` package knows it, with additions and removals."""

    country: str | None = None
    subdivision: str | None = None
    language: str | None = None
    added: tuple[AddedHoliday, ...] = ()
    removed: tuple[RemovedHoliday, ...] = ()

    @property
    def source(self) -> str | None:
        """Where the public holidays come from, with the release, since releases change the rules."""
        if self.country is None:
            return None
        place = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
        return f"{place}, holidays {holidays_release}"

    def year(self, year: int) -> HolidayYear:
        """Freeze the holidays of a year; refuse with HolidaysUnknown a year that the package does not reach."""
        return self.amended(year, self.public(year))

    def amended(self, year: int, public: Iterable[tuple[date, str]]) -> HolidayYear:
        """Freeze a list of public holidays with what is removed from it and added to it."""
        off: dict[date, str] = {}
        worked: dict[date, str] = {}
        used: set[RemovedHoliday] = set()
        for day, name in public:
            removal = next((each for each in self.removed if each.takes(day, name)), None)
            if removal is None:
                off[day] = f"{off[day]}{HOLIDAY_NAME_DELIMITER}{name}" if day in off else name
            else:
                used.add(removal)
                worked[day] = f"{name} is worked: {removal.reason}"
        for added in self.added:
            off.update(dict.fromkeys(dates_of(added.when, year), f"{added.name} ({added.reason})"))
        unused = tuple(each for each in self.removed if each not in used)
        return HolidayYear(MappingProxyType(off), MappingProxyType(worked), unused)

    def public(self, year: int) -> list[tuple[date, str]]:
        """List the package's public holidays of a year, each date and name, before any change."""
        if self.country is None:
            return []
        try:
            plain = holidays.country_holidays(self.country, subdiv=self.subdivision)
        except NotImplementedError as error:
            raise CalendarInvalid(f"the holidays package says: {error}") from None
        if not plain.start_year <= year <= plain.end_year:
            raise HolidaysUnknown(
                f"the holidays of {self.country} are known for {plain.start_year} to {plain.end_year}, not for {year}"
            )
        found = holidays.country_holidays(
            self.country,
            subdiv=self.subdivision,
            years=year,
            expand=False,
            language=self._language(plain.supported_languages, plain.default_language),
        )
        return [
            (day, name)
            for day, names in sorted(found.items())
            for name in names.split(HOLIDAY_NAME_DELIMITER)
        ]

    def _language(self, known: tuple[str, ...], default: str | None) -> str | None:
        """Choose a language always: left open, the package takes it from the process's environment."""
        if self.language is None:
            return _LANGUAGE if _LANGUAGE in known else default
        if self.language not in {*known, default}:
            raise CalendarInvalid(
                f"holidays of {self.country} have no names in {self.language!r}; "
                f"known: {', '.join(known) or default}"
            )
        return self.language
