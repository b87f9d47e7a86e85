"""When an action is due, and why then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from worktime import deadlines
from worktime.calendar import Calendar
from worktime.durations import Duration
from worktime.explanation import Explanation
from worktime.instants import as_instant


@dataclass(frozen=True, slots=True)
class Due:
    """An instant, how it was found as JSON that a person can follow, and the calendar and policy it was found with."""

    at: datetime
    calendar: str
    policy_version: str
    explanation: Mapping[str, object]


def counted(calendar: Calendar, policy_version: str, start: datetime, duration: Duration) -> Due:
    """Count a policy's or a person's duration from a start in a calendar; refuses as worktime does."""
    deadline = deadlines.due(calendar, start, duration)
    return Due(deadline.due_at, calendar.reference, policy_version, deadline.explanation.as_dict())


def chosen(calendar: Calendar, policy_version: str, now: datetime, due_at: datetime) -> Due:
    """Take an instant that a person chose; the calendar only tells the zone to explain it in."""
    at = as_instant(due_at)
    explanation = Explanation(
        calendar=calendar.name,
        version=calendar.version,
        zone=calendar.zone,
        holidays=calendar.holidays.source,
        rule="set by hand to this instant",
        start=now,
        due=at,
    )
    return Due(at, calendar.reference, policy_version, explanation.as_dict())
