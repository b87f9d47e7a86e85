"""When a clock that was never on hold is due, counted once for all that start in the same minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from intake.domain.clocks.rule import ClockRule
from worktime import Calendar, due
from worktime.instants import as_instant
from worktime.wording import moment

_REMEMBERED: Final = 2_048


@dataclass(frozen=True, slots=True)
class Counted:
    """An instant, and how it was found as JSON that a person can follow."""

    due_at: datetime
    explanation: Mapping[str, Any]


# The calendar stands beside what it counted, so that no other one is ever found under its identity.
_known: Final[dict[tuple[int, str, datetime], tuple[Calendar, Counted]]] = {}


def counted(calendar: Calendar, start: datetime, rule: ClockRule) -> Counted:
    """Count a rule's limit from a start; refuses as worktime does.

    A limit in whole days after the day of the start is the same for every second of a minute, since hours, shifts and changes
    of the clocks begin with whole minutes. Complaints that come in together are counted together.
    """
    at = as_instant(start)
    limit = rule.limit
    if len(rule.term) != 1 or not limit.limit.unit.counts_dates or not limit.limit.count:
        return _count(calendar, at, rule)
    key = (id(calendar), rule.term["limit"], at.replace(second=0, microsecond=0))
    known = _known.get(key)
    if known is None:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        known = _known[key] = (calendar, _count(calendar, at, rule))
    found = known[1]
    return Counted(found.due_at, {**found.explanation, "start": moment(calendar.zone, at)})


def _count(calendar: Calendar, at: datetime, rule: ClockRule) -> Counted:
    deadline = due(calendar, at, rule.limit)
    return Counted(deadline.due_at, deadline.explanation.as_dict())
