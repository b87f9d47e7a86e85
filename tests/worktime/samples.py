"""Calendars that several tests compute with, and short ways to write dates."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from worktime import Calendar, parse_calendar

CONFIG = Path(__file__).parents[2] / "config" / "calendars"

OFFICE = """
name = "office"
version = "7"
zone = "Europe/Berlin"
[hours]
monday = ["09:00-12:00", "13:00-17:00"]
tuesday = ["09:00-12:00", "13:00-17:00"]
wednesday = ["09:00-12:00", "13:00-17:00"]
thursday = ["09:00-12:00", "13:00-17:00"]
friday = ["09:00-12:00", "13:00-17:00"]
[holidays]
country = "DE"
"""

NIGHTS = """
name = "nights"
version = "1"
zone = "Europe/Berlin"
[hours]
saturday = ["22:00-24:00"]
sunday = ["00:00-06:00"]
"""

RIYADH = """
name = "riyadh"
version = "1"
zone = "Asia/Riyadh"
[hours]
sunday = ["08:00-16:00"]
monday = ["08:00-16:00"]
tuesday = ["08:00-16:00"]
wednesday = ["08:00-16:00"]
thursday = ["08:00-16:00"]
[holidays]
country = "SA"
"""


def office(extra: str = "") -> Calendar:
    """An office in Berlin, closed for lunch, with what a test adds."""
    return parse_calendar(OFFICE + extra)


def always() -> Calendar:
    """The shipped calendar that never closes."""
    return parse_calendar((CONFIG / "always.toml").read_text(encoding="utf-8"))


def always_in_berlin() -> Calendar:
    """Day and night, in a zone whose clocks change."""
    text = (CONFIG / "always.toml").read_text(encoding="utf-8")
    return parse_calendar(text.replace('"UTC"', '"Europe/Berlin"'))


def utc(text: str) -> datetime:
    """An instant written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(text: str) -> datetime:
    """An instant written as Berlin's local time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def shipped(name: str) -> Calendar:
    """A calendar of config/calendars."""
    return parse_calendar((CONFIG / f"{name}.toml").read_text(encoding="utf-8"))
