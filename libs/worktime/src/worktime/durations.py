"""Durations as policies write them: `2wd`, `3wh`, `15cd`, `8d`, `90s`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from worktime.refusals import DurationInvalid

_TEXT = re.compile(r"([0-9]{1,8})(wd|wh|wm|ws|cd|cw|mo|w|d|h|m|s)")


class Unit(StrEnum):
    """What a duration counts; the value is the suffix in its text.

    Working units need a calendar's opening hours. Calendar days, weeks and months count whole local dates, worked or
    not. The others are elapsed time: a day of `d` is 24 hours and ends in the middle of a date, a day of `cd` ends at
    midnight, also where the clocks change.
    """

    WORKING_DAYS = "wd"
    WORKING_HOURS = "wh"
    WORKING_MINUTES = "wm"
    WORKING_SECONDS = "ws"
    CALENDAR_DAYS = "cd"
    CALENDAR_WEEKS = "cw"
    CALENDAR_MONTHS = "mo"
    WEEKS = "w"
    DAYS = "d"
    HOURS = "h"
    MINUTES = "m"
    SECONDS = "s"

    @property
    def is_working(self) -> bool:
        """Tell whether only a calendar's opening hours count."""
        return self in _WORKING

    @property
    def counts_dates(self) -> bool:
        """Tell whether it counts whole local dates after that of the start, and so has no length of its own."""
        return self not in _LENGTHS


_WORKING = {Unit.WORKING_DAYS, Unit.WORKING_HOURS, Unit.WORKING_MINUTES, Unit.WORKING_SECONDS}

_LENGTHS = {
    Unit.WORKING_HOURS: timedelta(hours=1),
    Unit.WORKING_MINUTES: timedelta(minutes=1),
    Unit.WORKING_SECONDS: timedelta(seconds=1),
    Unit.WEEKS: timedelta(weeks=1),
    Unit.DAYS: timedelta(days=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.SECONDS: timedelta(seconds=1),
}


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number, 0 or more, of one unit; refuses a negative one with DurationInvalid."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.count < 0:
            raise DurationInvalid(f"{self.count}{self.unit} is negative")

    @property
    def length(self) -> timedelta | None:
        """Its length as elapsed or working time; None for units that count dates, whose length the dates decide."""
        unit = _LENGTHS.get(self.unit)
        return None if unit is None else self.count * unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def parse_duration(text: str) -> Duration:
    """Read `2wd`, `3wh`, `30wm`, `10ws` (working), `15cd`, `8cw`, `3mo` (dates) or `8w`, `8d`, `4h`, `5m`, `90s`.

    The last five are elapsed time. Refuses anything else with DurationInvalid.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise DurationInvalid(
            f"{text!r} is no duration: write a whole number and one of "
            f"{', '.join(unit.value for unit in Unit)}, such as 2wd (working days) or 4h (elapsed hours)"
        )
    return Duration(int(found[1]), Unit(found[2]))
