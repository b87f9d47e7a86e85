"""When a clock that was never on hold is due, counted once for all that start on the same day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from intake.domain.clocks.rule import ClockRule
from worktime import Calendar, Deadline, due
from worktime.instants import as_instant
from worktime.wording import moment

_REMEMBERED: Final = 2_048
LONGEST_ALIKE: Final = timedelta(days=2 * 366)
"""The longest span that is counted once for a day. Over far longer ones explanations leave out changes of the clocks, so that two starts of a day may differ."""

Day = tuple[date, date, timedelta | None]


@dataclass(frozen=True, slots=True)
class Counted:
    """An instant, and how it was found as JSON that a person can follow, but for its start, which `explained` adds."""

    due_at: datetime
    explanation: Mapping[str, Any]


# The calendar stands beside what it counted, so that no other one is ever found under its identity.
_known: Final[dict[tuple[int, str, Day], tuple[Calendar, Counted]]] = {}


def counted(calendar: Calendar, start: datetime, rule: ClockRule) -> Counted:
    """Count a rule's limit from a start; refuses as worktime does.

    A limit in whole days after the day of the start is the same for every start on that day, or in the shift that began on
    it, as long as the clocks do not change in between. Complaints of one day are counted together.
    """
    at = as_instant(start)
    limit = rule.limit
    if not counts_whole_days(rule):
        return found(due(calendar, at, limit))
    key = (id(calendar), rule.term["limit"], day_of(calendar, at))
    known = _known.get(key)
    if known is not None:
        return known[1]
    counted_now = found(due(calendar, at, limit))
    if counted_now.due_at - at < LONGEST_ALIKE:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[key] = (calendar, counted_now)
    return counted_now


def counts_whole_days(rule: ClockRule) -> bool:
    """Tell whether its limit is in whole days after the day of the start, and nothing else is asked of it."""
    limit = rule.limit.limit
    return len(rule.term) == 1 and limit.unit.counts_dates and bool(limit.count)


def day_of(calendar: Calendar, at: datetime) -> Day:
    """Tell what all starts have in common from which whole days are counted alike."""
    local = at.astimezone(calendar.zone)
    # The offset tells a start before a change of the clocks from one after it.
    return local.date(), calendar.working_date(at), local.utcoffset()


def found(deadline: Deadline) -> Counted:
    """Keep of a deadline what is the same for many clocks."""
    explanation = deadline.explanation.as_dict()
    del explanation["start"]
    return Counted(deadline.due_at, explanation)


def explained(explanation: Mapping[str, Any], started_at: datetime) -> dict[str, Any]:
    """Give an explanation whole, with the start that it is counted from."""
    return {**explanation, "start": start_said(explanation, started_at)}


def start_said(explanation: Mapping[str, Any], started_at: datetime) -> Mapping[str, Any]:
    """Give the start as explanations have it."""
    return _said(explanation["calendar"]["zone"], started_at)


@lru_cache(maxsize=1_024)  # the clocks of a complaint start together, and each is shown and announced
def _said(zone: str, at: datetime) -> Mapping[str, Any]:
    return moment(ZoneInfo(zone), as_instant(at))
