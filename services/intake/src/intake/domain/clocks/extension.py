"""More time for a clock: what a profile allows, after a holding reply for instance, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from common.clock import instant_text
from intake.domain.clocks.happening import Happening
from worktime import Calendar, Pause, Term, due, term_of
from worktime.wording import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """What gives a clock more time while it is not late yet, up to a further limit from the same start."""

    by: frozenset[Happening]
    term: Mapping[str, Any]
    source: str

    @property
    def limit(self) -> Term:
        """What is counted at most."""
        return _term(tuple(self.term.items()))

    def as_data(self) -> dict[str, Any]:
        """Write it as JSON values."""
        return {"by": sorted(self.by), "term": dict(self.term), "source": self.source}


@dataclass(frozen=True, slots=True)
class Further:
    """When a clock with more time is due, and how that came about."""

    due_at: datetime
    explanation: Mapping[str, Any]


def extension_of(data: Mapping[str, Any]) -> Extension:
    """Read what `as_data` wrote."""
    return Extension(by=frozenset(map(Happening, data["by"])), term=data["term"], source=data["source"])


def further(
    extension: Extension,
    calendar: Calendar,
    start: datetime,
    holds: Sequence[Pause],
    *,
    first: datetime,
    extended_at: datetime,
    promised_at: datetime | None,
) -> Further:
    """Count the further limit; what was promised sooner is due sooner, but never before the `first` due instant.

    Refuses as worktime does.
    """
    limit = due(calendar, start, extension.limit, holds)
    promised = limit.due_at if promised_at is None else promised_at
    due_at = max(first, min(promised, limit.due_at))
    told: dict[str, Any] = {
        "source": extension.source,
        "extended_at": instant_text(extended_at),
        "first_due": moment(calendar.zone, first),
        "limit_due": moment(calendar.zone, limit.due_at),
        "because": _because(due_at, limit.due_at, promised),
    }
    if promised_at is not None:
        told["promised"] = moment(calendar.zone, promised_at)
    found = {**limit.explanation.as_dict(), "extension": told}
    if due_at != limit.due_at:
        found["due"] = moment(calendar.zone, due_at)
    return Further(due_at, found)


def _because(due_at: datetime, limit_at: datetime, promised_at: datetime) -> str:
    if due_at == limit_at:
        return "more was promised than is allowed" if promised_at > limit_at else "this much is allowed"
    if due_at == promised_at:
        return "so much was promised"
    return "less was promised than there was time at first"


@lru_cache(maxsize=256)
def _term(items: tuple[tuple[str, Any], ...]) -> Term:
    return term_of(dict(items))
