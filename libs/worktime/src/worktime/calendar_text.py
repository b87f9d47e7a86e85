"""Reads a calendar's TOML text and refuses what could not work, by name and place."""

import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from difflib import get_close_matches
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worktime.calendar import TRIAL_YEARS, Calendar, HalfDay, Interval
from worktime.deadlines import next_opening
from worktime.holiday_rules import AddedHoliday, HolidayRules, RemovedHoliday
from worktime.recurring import Yearly, parse_yearly
from worktime.refusals import CalendarEmpty, CalendarInvalid, NoWorkingTime
from worktime.toml_table import Table, as_date

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_TRIAL_START = datetime(TRIAL_YEARS.start, 1, 1, tzinfo=UTC)
_END_OF_DAY = 24 * 60
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,48}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_INTERVAL = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")
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
    _refuse_collisions(weekdays)
    half_days = tuple(_half_day(table) for table in root.tables("half_days"))
    _refuse_half_day_collisions(weekdays, half_days)
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
    # A name that meets nothing leaves a day off that should be worked; a date or rule that meets nothing leaves it
    # worked, which is what it says. So an update of the package may empty the one kind only: see Calendar.doubts.
    for removal in calendar.holidays.removed:
        if isinstance(removal.when, str) and calendar.removes_nothing(removal):
            known = {name for year in TRIAL_YEARS for _, name in calendar.holidays.public(year)}
            near = get_close_matches(removal.when, sorted(known), n=3)
            raise CalendarInvalid(
                f"holidays.remove: {removal.when} is no public holiday here ({calendar.holidays.source})"
                + (f"; near it: {', '.join(near)}" if near else "")
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


def _refuse_collisions(weekdays: tuple[tuple[Interval, ...], ...]) -> None:
    for number, hours in enumerate(weekdays):
        following = (number + 1) % len(weekdays)
        if _runs_on(hours) > _first(weekdays[following]):
            raise CalendarInvalid(
                f"hours.{_WEEKDAYS[number]} goes on over midnight into the hours of {_WEEKDAYS[following]}"
            )


def _refuse_half_day_collisions(
    weekdays: tuple[tuple[Interval, ...], ...], half_days: tuple[HalfDay, ...]
) -> None:
    # A half day may come beside any weekday or other half day, this year or another, so all must agree with it.
    known = [*weekdays, *(half.hours for half in half_days)]
    latest, earliest = max(map(_runs_on, known)), min(map(_first, known))
    for half in half_days:
        if latest > _first(half.hours) or _runs_on(half.hours) > earliest:
            raise CalendarInvalid(f"half_days: {half.when} collides with a shift that goes on over midnight")


def _runs_on(hours: tuple[Interval, ...]) -> int:
    return hours[-1].closes - _END_OF_DAY if hours else 0


def _first(hours: tuple[Interval, ...]) -> int:
    return hours[0].opens if hours else _END_OF_DAY


def _interval(place: str, text: str) -> Interval:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise CalendarInvalid(f'{place}: {text!r} is no interval; write it like "09:00-12:30"')
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if opens >= _END_OF_DAY or closes > _END_OF_DAY:
        raise CalendarInvalid(f"{place}: {text!r} is outside 00:00 to 24:00")
    if opens == closes:
        raise CalendarInvalid(f'{place}: {text!r} has no length; a whole day is "00:00-24:00"')
    if closes < opens:  # Over midnight: the end is on the next date.
        closes += _END_OF_DAY
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
    rule = parse_yearly(value) if isinstance(value, str) else None
    if rule is None:
        raise CalendarInvalid(
            f'{place} must be a month and day such as "12-24" or a rule such as "last monday of october", '
            f'"easter" or "2 days before easter", not {value!r}'
        )
    return rule


def _reason(table: Table) -> str:
    return table.text("reason", _WORDS, "a sentence that says why")


def _refuse_twice(place: str, whens: Iterable[object]) -> None:
    seen = list(whens)
    for when in seen:
        if seen.count(when) > 1:
            raise CalendarInvalid(f"{place} names the same day twice")
