"""How a deadline came about, as data that a person can follow.

Dates and hours are local to the calendar, as its readers live; instants are in UTC. A long computation keeps its first
and last week date by date and sums up the weeks between, naming every holiday and whatever else was special there.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from worktime.calendar import Why

_MOST_STEPS = 24
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTE = timedelta(minutes=1)
_ONE_DAY = timedelta(days=1)
_WORDS = {
    Why.WEEKEND: "weekend, no hours on this weekday",
    Why.HOLIDAY: "holiday",
    Why.SKIPPED_BY_CLOCKS: "the clocks skipped these hours",
    Why.AFTER_HOURS: "the hours of this day are over",
    Why.START_DAY: "the day of the start is not counted",
}


@dataclass(frozen=True, slots=True)
class CountedTime:
    """Part of a working interval that was counted, from and to an instant in UTC."""

    date: date
    opens: datetime
    closes: datetime
    note: str = ""

    @property
    def time(self) -> timedelta:
        """The working time counted."""
        return self.closes - self.opens


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A working day that was counted as the `number`-th, and when its last interval ends."""

    date: date
    number: int
    closes: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class SkippedDay:
    """A date that counted nothing, why, and (for a holiday) its name."""

    date: date
    why: Why
    name: str = ""


Line = CountedTime | CountedDay | SkippedDay


@dataclass(frozen=True, slots=True)
class CountedWeeks:
    """Whole weeks summed up: the working days and time counted, and every special date among them."""

    first: date
    last: date
    working_days: int
    time: timedelta | None
    weekend_days: int
    special: tuple[Line, ...]


Step = Line | CountedWeeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The calendar with its version and holiday source, the rule, the start, each step, and when it is due."""

    calendar: str
    version: str
    zone: ZoneInfo
    holidays: str | None
    rule: str
    start: datetime
    due: datetime
    steps: tuple[Step, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Write it as JSON values, to be stored or announced with the deadline."""
        return {
            "calendar": {
                "name": self.calendar,
                "version": self.version,
                "zone": self.zone.key,
                "holidays": self.holidays,
            },
            "rule": self.rule,
            "start": self._moment(self.start),
            "due": self._moment(self.due),
            "steps": [self._step_dict(step) for step in self.steps],
        }

    def as_text(self) -> str:
        """Write it as lines for a person."""
        holidays = f" (holidays of {self.holidays})" if self.holidays else ""
        return "\n".join(
            [
                f"Due {self._local(self.due)} {self.zone.key}, {_utc(self.due)}",
                f"Rule: {self.rule}",
                f"Calendar: {self.calendar}, version {self.version}{holidays}",
                f"Start {self._local(self.start)} {self.zone.key}, {_utc(self.start)}",
                *(line for step in self.steps for line in self._step_lines(step)),
            ]
        )

    def _step_dict(self, step: Step) -> dict[str, object]:
        match step:
            case CountedTime():
                return {
                    "kind": "counted_time",
                    "date": step.date.isoformat(),
                    "from": self._clock(step.opens, step.date),
                    "to": self._clock(step.closes, step.date),
                    "minutes": _minutes(step.time),
                    "note": step.note,
                }
            case CountedDay():
                return {
                    "kind": "counted_day",
                    "date": step.date.isoformat(),
                    "number": step.number,
                    "to": self._clock(step.closes, step.date),
                    "note": step.note,
                }
            case SkippedDay():
                return {
                    "kind": "skipped",
                    "date": step.date.isoformat(),
                    "why": step.why.value,
                    "name": step.name,
                }
            case CountedWeeks():
                return {
                    "kind": "counted_weeks",
                    "first": step.first.isoformat(),
                    "last": step.last.isoformat(),
                    "working_days": step.working_days,
                    "minutes": None if step.time is None else _minutes(step.time),
                    "weekend_days": step.weekend_days,
                    "special": [self._step_dict(line) for line in step.special],
                }

    def _step_lines(self, step: Step) -> list[str]:
        match step:
            case CountedTime():
                hours = f"{self._clock(step.opens, step.date)} to {self._clock(step.closes, step.date)}"
                return [f"  {_day(step.date)} {hours} counts {said(step.time)}{_noted(step.note)}"]
            case CountedDay():
                closes = self._clock(step.closes, step.date)
                return [
                    f"  {_day(step.date)} is working day {step.number}, until {closes}{_noted(step.note)}"
                ]
            case SkippedDay():
                return [f"  {_day(step.date)} skipped: {step.name or _WORDS[step.why]}"]
            case CountedWeeks():
                time = "" if step.time is None else f" with {said(step.time)}"
                head = f"  {_day(step.first)} to {_day(step.last)}: {step.working_days} working days{time} counted"
                weekends = f", {step.weekend_days} weekend days skipped" if step.weekend_days else ""
                special = [f"  {line}" for each in step.special for line in self._step_lines(each)]
                return [f"{head}{weekends}{', among them' if special else ''}", *special]

    def _moment(self, instant: datetime) -> dict[str, object]:
        return {"utc": _utc(instant), "local": instant.astimezone(self.zone).isoformat()}

    def _local(self, instant: datetime) -> str:
        local = instant.astimezone(self.zone)
        return f"{_day(local.date())} {_hands(local)}"

    def _clock(self, instant: datetime, day: date) -> str:
        local = instant.astimezone(self.zone)
        is_end_of_day = local.date() == day + _ONE_DAY and not any((local.hour, local.minute, local.second))
        return "24:00" if is_end_of_day else _hands(local)


def summed_up(lines: list[Line]) -> tuple[Step, ...]:
    """Keep a short list of lines as it is; of a long one keep the first and last week and sum up the others."""
    if len(lines) <= _MOST_STEPS:
        return tuple(lines)
    first, *middle, last = (
        list(week) for _, week in groupby(lines, lambda line: line.date.isocalendar()[:2])
    )
    if not middle:
        return tuple(lines)
    return (*first, _weeks([line for week in middle for line in week]), *last)


def _weeks(lines: list[Line]) -> CountedWeeks:
    times = [line for line in lines if isinstance(line, CountedTime)]
    counted = {line.date for line in lines if not isinstance(line, SkippedDay)}
    return CountedWeeks(
        first=lines[0].date,
        last=lines[-1].date,
        working_days=len(counted),
        time=sum((line.time for line in times), timedelta()) if times else None,
        weekend_days=sum(isinstance(line, SkippedDay) and line.why is Why.WEEKEND for line in lines),
        special=tuple(line for line in lines if _is_special(line)),
    )


def _is_special(line: Line) -> bool:
    return line.why is not Why.WEEKEND if isinstance(line, SkippedDay) else bool(line.note)


def said(length: timedelta) -> str:
    """Say a length of time in hours, minutes and seconds."""
    minutes, rest = divmod(length, _MINUTE)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest.total_seconds():g}"
    parts = [
        f"{number} {unit}"
        for number, unit in ((hours, "h"), (minutes, "min"), (seconds, "s"))
        if number not in {0, "0"}
    ]
    return " ".join(parts) or "0 min"


def _minutes(length: timedelta) -> int | float:
    minutes, rest = divmod(length, _MINUTE)
    return round(minutes + rest / _MINUTE, 6) if rest else minutes


def _utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _hands(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second or local.microsecond else f"{local:%H:%M}"


def _day(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.isoformat()}"


def _noted(note: str) -> str:
    return f" ({note})" if note else ""
