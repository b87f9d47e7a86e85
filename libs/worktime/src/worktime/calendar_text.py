"""Reads a calendar's TOML text and refuses what could not work, by name and place."""

import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worktime.calendar import Calendar, HalfDay, Interval
from worktime.deadlines import next_opening
from worktime.holiday_rules import AddedHoliday, HolidayRules, RemovedHoliday, Yearly
from worktime.refusals import CalendarEmpty, CalendarInvalid, NoWorkingTime
from worktime.toml_table import Table, as_date

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# Any fixed instant serves: whether a calendar ever opens must not depend on the day on which it is read.
_TRIAL_START = datetime(2026, 1, 1, tzinfo=UTC)
_TRIAL_YEARS = range(2026, 2029)
_LEAP_YEAR = 2028
_END_OF_DAY = 24 * 60
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,48}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_INTERVAL = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")
_YEARLY = re.compile(r"([0-9]{2})-([0-9]{2})")
_WORDS = re.compile(r".*\S.*")


def parse_calendar(text: str) -> Calendar:
    """Read and check a calendar, with a trial calculation; refuse with CalendarInvalid or CalendarEmpty."""
    try:
        root = Table("", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CalendarInvalid(f"the calendar's text is no TOML: {error}") from None
    name = root.text("name", _CODE, "a code of letters, digits, '.', '_', '+' and '-'")
    try:
        calendar = _calendar(name, root)
        _try_out(calendar)
    except CalendarInvalid as refusal:
        raise type(refusal)(f"calendar {name!r}: {refusal.detail}") from None
    return calendar


def _calendar(name: str, root: Table) -> Calendar:
    version = root.text("version", _CODE, 'a code in quotes such as "2026-1"')
    zone = _zone(root)
    hours = root.table("hours")
    weekdays = tuple(_hours(hours, weekday) for weekday in _WEEKDAYS)
    hours.nothing_left()
    half_days = tuple(_half_day(table) for table in root.tables("half_days"))
    holidays = _holidays(root.table("holidays"))
    root.nothing_left()
    _refuse_twice("half_days", (each.when for each in half_days))
    # A dated half day goes before a yearly one of the same day.
    ordered = tuple(sorted(half_days, key=lambda each: isinstance(each.when, Yearly)))
    return Calendar(name, version, zone, weekdays, ordered, holidays)


def _try_out(calendar: Calendar) -> None:
    try:
        next_opening(calendar, _TRIAL_START)
    except NoWorkingTime:
        raise CalendarEmpty("it never opens: give at least one weekday hours under [hours]") from None
    _refuse_removals_of_nothing(calendar)
    _refuse_half_days_without_hours(calendar)


def _refuse_removals_of_nothing(calendar: Calendar) -> None:
    for removal in calendar.holidays.removed:
        years = [removal.when.year] if isinstance(removal.when, date) else _TRIAL_YEARS
        if all(removal in calendar.holiday_year(year).unused for year in years):
            what = (
                "-".join(f"{part:02}" for part in removal.when)
                if isinstance(removal.when, Yearly)
                else removal.when
            )
            raise CalendarInvalid(
                f"holidays.remove: {what} is no public holiday here ({calendar.holidays.source})"
            )


def _refuse_half_days_without_hours(calendar: Calendar) -> None:
    for half in calendar.half_days:
        if isinstance(half.when, date) and not calendar.hours[half.when.weekday()]:
            raise CalendarInvalid(
                f"half_days: {half.when} is a {_WEEKDAYS[half.when.weekday()]}, which has no hours"
            )


def _zone(root: Table) -> ZoneInfo:
    key = root.text("zone", _WORDS, "an IANA zone such as Europe/Berlin")
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarInvalid(
            f"zone {key!r} is no IANA zone; write one such as Europe/Berlin or UTC"
        ) from None


def _hours(table: Table, key: str) -> tuple[Interval, ...]:
    intervals = sorted(_interval(place, text) for place, text in table.texts(key))
    for before, after in pairwise(intervals):
        if after.opens < before.closes:
            raise CalendarInvalid(f"{table.place_of(key)} has intervals that overlap")
    return tuple(intervals)


def _interval(place: str, text: str) -> Interval:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise CalendarInvalid(f'{place}: {text!r} is no interval; write it like "09:00-12:30"')
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if closes > _END_OF_DAY:
        raise CalendarInvalid(f"{place}: {text!r} ends after 24:00")
    if opens >= closes:
        raise CalendarInvalid(
            f"{place}: {text!r} does not end after it begins; work over midnight is two intervals, "
            f'until "24:00" on one weekday and from "00:00" on the next'
        )
    return Interval(opens, closes)


def _half_day(table: Table) -> HalfDay:
    when = _when(table)
    hours = _hours(table, "hours")
    if not hours:
        raise CalendarInvalid(
            f"{table.place_of('hours')} is empty; a day without hours is a holiday: holidays.add"
        )
    half = HalfDay(when, hours, _reason(table))
    table.nothing_left()
    return half


def _holidays(table: Table) -> HolidayRules:
    rules = HolidayRules(
        country=table.text_or_none("country", _COUNTRY, "two capital letters such as DE"),
        subdivision=table.text_or_none("subdivision", _WORDS, "a code such as BY"),
        language=table.text_or_none("language", _WORDS, "a language such as en_US"),
        added=tuple(_added(each) for each in table.tables("add")),
        removed=tuple(_removed(each) for each in table.tables("remove")),
    )
    table.nothing_left()
    if rules.country is None and (rules.subdivision or rules.language or rules.removed):
        raise CalendarInvalid("holidays.country is missing: subdivision, language and remove refer to it")
    _refuse_twice("holidays.add", (each.when for each in rules.added))
    _refuse_twice("holidays.remove", (each.when for each in rules.removed))
    return rules


def _added(table: Table) -> AddedHoliday:
    added = AddedHoliday(_when(table), table.text("name", _WORDS, "the day's name"), _reason(table))
    table.nothing_left()
    return added


def _removed(table: Table) -> RemovedHoliday:
    key, value = table.one_of("date", "every", "name")
    when = _name(table, value) if key == "name" else _moment(table, key, value)
    removed = RemovedHoliday(when, _reason(table))
    table.nothing_left()
    return removed


def _name(table: Table, value: object) -> str:
    if not isinstance(value, str):
        raise CalendarInvalid(f"{table.place_of('name')} must be a holiday's name, not {value!r}")
    return value


def _when(table: Table) -> date | Yearly:
    return _moment(table, *table.one_of("date", "every"))


def _moment(table: Table, key: str, value: object) -> date | Yearly:
    place = table.place_of(key)
    if key == "date":
        return as_date(place, value)
    found = _YEARLY.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is not None:
            day = date(_LEAP_YEAR, int(found[1]), int(found[2]))
            return Yearly(day.month, day.day)
    except ValueError:
        pass
    raise CalendarInvalid(f'{place} must be a month and day such as "12-24", not {value!r}')


def _reason(table: Table) -> str:
    return table.text("reason", _WORDS, "a sentence that says why")


def _refuse_twice(place: str, whens: Iterable[object]) -> None:
    seen = list(whens)
    for when in seen:
        if seen.count(when) > 1:
            raise CalendarInvalid(f"{place} names the same day twice")
