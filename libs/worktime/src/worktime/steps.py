"""The steps by which a deadline was found, each as JSON values and as lines for a person."""

import datetime as dt
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from worktime.calendar import Why
from worktime.clock_changes import ClockChange
from worktime.wording import clock_said, day_said, hands, local_said, minutes_of, moment, said, utc_said

_WORDS = {
    Why.WEEKEND: "weekend, no hours on this weekday",
    Why.HOLIDAY: "holiday",
    Why.SKIPPED_BY_CLOCKS: "the clocks skipped these hours",
    Why.AFTER_HOURS: "the hours of this day are over",
    Why.START_DAY: "the day of the start is not counted",
    Why.ON_HOLD: "the clock was on hold",
}


@dataclass(frozen=True, slots=True)
class CountedTime:
    """Part of a working interval that was counted, from and to an instant in UTC."""

    date: dt.date
    opens: datetime
    closes: datetime
    note: str = ""

    @property
    def time(self) -> timedelta:
        """The working time counted."""
        return self.closes - self.opens

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return bool(self.note)

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:
        """Write it as JSON values."""
        return {
            "kind": "counted_time",
            "date": self.date.isoformat(),
            "from": clock_said(zone, self.opens, self.date),
            "to": clock_said(zone, self.closes, self.date),
            "minutes": minutes_of(self.time),
            "note": self.note,
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:
        """Write it for a person."""
        hours = f"{clock_said(zone, self.opens, self.date)} to {clock_said(zone, self.closes, self.date)}"
        return [f"  {day_said(self.date)} {hours} counts {said(self.time)}{_noted(self.note)}"]


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A working day that was counted as the `number`-th, and when its last interval ends."""

    date: dt.date
    number: int
    closes: datetime
    note: str = ""

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return bool(self.note)

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:
        """Write it as JSON values."""
        return {
            "kind": "counted_day",
            "date": self.date.isoformat(),
            "number": self.number,
            "to": clock_said(zone, self.closes, self.date),
            "note": self.note,
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:
        """Write it for a person."""
        closes = clock_said(zone, self.closes, self.date)
        return [f"  {day_said(self.date)} is working day {self.number}, until {closes}{_noted(self.note)}"]


@dataclass(frozen=True, slots=True)
class CountedDates:
    """Dates counted whether they are worked or not; `held` of them did not count, the clock being on hold."""

    date: dt.date
    last: dt.date
    days: int
    held: int = 0

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return True

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:  # noqa: ARG002 - the steps have one shape
        """Write it as JSON values."""
        return {
            "kind": "counted_dates",
            "first": self.date.isoformat(),
            "last": self.last.isoformat(),
            "days": self.days,
            "held": self.held,
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:  # noqa: ARG002 - the steps have one shape
        """Write it for a person."""
        if not self.days and not self.held:
            return [f"  {day_said(self.date)} is the day of the start itself"]
        if self.date == self.last:
            return [f"  {day_said(self.date)} is the day counted, worked or not"]
        plural = "calendar day" if self.days == 1 else "calendar days"
        held = f"; {self.held} more not counted, on hold as they ended" if self.held else ""
        dates = f"{day_said(self.date)} to {day_said(self.last)}"
        return [f"  {dates}: {self.days} {plural} counted, worked or not{held}"]


@dataclass(frozen=True, slots=True)
class SkippedDay:
    """A date that counted nothing, why, and (for a holiday) its name."""

    date: dt.date
    why: Why
    name: str = ""

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return self.why is not Why.WEEKEND

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:  # noqa: ARG002 - the steps have one shape
        """Write it as JSON values."""
        return {
            "kind": "skipped",
            "date": self.date.isoformat(),
            "why": self.why.value,
            "name": self.name,
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:  # noqa: ARG002 - the steps have one shape
        """Write it for a person."""
        return [f"  {day_said(self.date)} skipped: {self.name or _WORDS[self.why]}"]


@dataclass(frozen=True, slots=True)
class Began:
    """Counting began at an instant in UTC after the start, as the term says."""

    date: dt.date
    at: datetime

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return True

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:
        """Write it as JSON values."""
        return {"kind": "began", "date": self.date.isoformat(), "at": moment(zone, self.at)}

    def as_lines(self, zone: ZoneInfo) -> list[str]:
        """Write it for a person."""
        return [f"  {local_said(zone, self.at)} the count begins"]


@dataclass(frozen=True, slots=True)
class OnHold:
    """A hold, from and to an instant in UTC; what passed then was not counted."""

    date: dt.date
    begins: datetime
    ends: datetime

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return True

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:
        """Write it as JSON values."""
        return {
            "kind": "on_hold",
            "date": self.date.isoformat(),
            "from": moment(zone, self.begins),
            "to": moment(zone, self.ends),
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:
        """Write it for a person."""
        return [f"  {local_said(zone, self.begins)} on hold until {local_said(zone, self.ends)}"]


@dataclass(frozen=True, slots=True)
class ClocksChanged:
    """The clocks of the calendar's zone changed, so that the local date is shorter or longer than 24 hours."""

    date: dt.date
    change: ClockChange

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return True

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:  # noqa: ARG002 - the steps have one shape
        """Write it as JSON values."""
        return {
            "kind": "clocks_changed",
            "date": self.date.isoformat(),
            "utc": utc_said(self.change.at),
            "from": self.change.before.isoformat(),
            "to": self.change.after.isoformat(),
            "minutes": minutes_of(self.change.forward),
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:  # noqa: ARG002 - the steps have one shape
        """Write it for a person."""
        forward = self.change.forward
        way = "forward" if forward > timedelta() else "back"
        after = hands(self.change.after)
        if self.change.after.date() != self.date:
            after = f"{after} on {day_said(self.change.after.date())}"
        hour = f"from {hands(self.change.before)} to {after}"
        return [f"  {day_said(self.date)} the clocks go {way} {hour}, by {said(abs(forward))}"]


@dataclass(frozen=True, slots=True)
class Moved:
    """The deadline moved from one date to another, ends there at an instant in UTC, and why."""

    date: dt.date
    to: dt.date
    ends: datetime
    why: str

    @property
    def is_special(self) -> bool:
        """Whether a summary must name it."""
        return True

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:
        """Write it as JSON values."""
        return {
            "kind": "moved",
            "date": self.date.isoformat(),
            "to": self.to.isoformat(),
            "ends": moment(zone, self.ends),
            "why": self.why,
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:
        """Write it for a person."""
        ends = clock_said(zone, self.ends, self.to)
        return [f"  {day_said(self.date)} moves to {day_said(self.to)}, until {ends} ({self.why})"]


Line = CountedTime | CountedDay | CountedDates | SkippedDay | Began | OnHold | ClocksChanged | Moved


@dataclass(frozen=True, slots=True)
class CountedWeeks:
    """Whole weeks summed up: the working days and time counted, and every special date among them."""

    first: dt.date
    last: dt.date
    working_days: int
    time: timedelta | None
    weekend_days: int
    special: tuple[Line, ...]

    def as_dict(self, zone: ZoneInfo) -> dict[str, object]:
        """Write it as JSON values."""
        return {
            "kind": "counted_weeks",
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "working_days": self.working_days,
            "minutes": None if self.time is None else minutes_of(self.time),
            "weekend_days": self.weekend_days,
            "special": [line.as_dict(zone) for line in self.special],
        }

    def as_lines(self, zone: ZoneInfo) -> list[str]:
        """Write it for a person."""
        time = "" if self.time is None else f" with {said(self.time)}"
        head = f"  {day_said(self.first)} to {day_said(self.last)}: {self.working_days} working days{time} counted"
        weekends = f", {self.weekend_days} weekend days skipped" if self.weekend_days else ""
        special = [f"  {line}" for each in self.special for line in each.as_lines(zone)]
        return [f"{head}{weekends}{', among them' if special else ''}", *special]


Step = Line | CountedWeeks


def _noted(note: str) -> str:
    return f" ({note})" if note else ""
