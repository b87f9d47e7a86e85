"""How a deadline came about, as data that a person can follow.

A long computation keeps its first and last week date by date and sums up the weeks between, naming every holiday and
whatever else was special there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from worktime.calendar import Why
from worktime.steps import CountedDay, CountedTime, CountedWeeks, Line, SkippedDay, Step
from worktime.wording import due_said, local_said, moment, utc_said

_MOST_STEPS = 24


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
            "start": moment(self.zone, self.start),
            "due": moment(self.zone, self.due),
            "steps": [step.as_dict(self.zone) for step in self.steps],
        }

    def as_text(self) -> str:
        """Write it as lines for a person."""
        holidays = f" (holidays of {self.holidays})" if self.holidays else ""
        return "\n".join(
            [
                f"Due {due_said(self.zone, self.due)} {self.zone.key}, {utc_said(self.due)}",
                f"Rule: {self.rule}",
                f"Calendar: {self.calendar}, version {self.version}{holidays}",
                f"Start {local_said(self.zone, self.start)} {self.zone.key}, {utc_said(self.start)}",
                *(line for step in self.steps for line in step.as_lines(self.zone)),
            ]
        )


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
    counted = {line.date for line in lines if isinstance(line, CountedTime | CountedDay)}
    return CountedWeeks(
        first=lines[0].date,
        last=lines[-1].date,
        working_days=len(counted),
        time=sum((line.time for line in times), timedelta()) if times else None,
        weekend_days=sum(isinstance(line, SkippedDay) and line.why is Why.WEEKEND for line in lines),
        special=tuple(line for line in lines if line.is_special),
    )
