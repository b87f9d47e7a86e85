"""Filters as conditions on the table of complaints.

Those on columns of their own, on who complains and on the last change have an index each. What capa made of a complaint
stands in other tables, which no index can sort as a list wants it: `followed` tells those apart.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from intake.db.tables import (
    complainant,
    complaint,
    complaint_clock,
    complaint_handling,
    complaint_link,
    nonconformity,
    triage,
)
from intake.usecases.views import Filters

PENDING: Final = "pending"
_CHOICES: Final = (
    "source_system",
    "external_id",
    "product",
    "category",
    "lot",
    "site",
    "serial",
    "channel",
    "reported_severity",
    "state",
)
_HANDLED: Final = ("owner", "team", "severity")

_OF_COMPLAINT: Final = triage.c.complaint_id == complaint.c.id
# Each of these is read for one complaint after another, by the key of the other table: PostgreSQL makes no join of it, which
# would read that table as a whole. It is for a few complaints that are chosen already.
_OUTCOME: Final = sa.select(triage.c.outcome).where(_OF_COMPLAINT).correlate(complaint).scalar_subquery()
# PostgreSQL expects half of what it asks a bare truth of to pass, and next to nothing of what it asks to be NULL.
_UNDECIDED: Final = sa.func.coalesce(
    sa.select(sa.false()).where(_OF_COMPLAINT).correlate(complaint).scalar_subquery(), sa.true()
)
_DECIDED_ON: Final = (
    sa.select(triage.c.nonconformity_id).where(_OF_COMPLAINT).correlate(complaint).scalar_subquery()
)
_LINKED: Final = (
    sa.select(complaint_link.c.nonconformity_id)
    .where(complaint_link.c.complaint_id == complaint.c.id)
    .limit(1)
    .correlate(complaint)
    .scalar_subquery()
)


def conditions_of(filters: Filters, within: str | None) -> list[sa.ColumnElement[bool]]:
    """Write every filter but `q`, for complaints that words choose; `within` keeps a caller to one source system."""
    return [*own_conditions(filters, within), *followed(filters, singly=True)]


def followed(filters: Filters, *, singly: bool = False) -> list[sa.ColumnElement[bool]]:
    """Write the filters by what capa made of a complaint, but the one by what waits for triage alone.

    As they are written they serve all complaints; `singly`, a few that are chosen already.
    """
    found = []
    if filters.triage and set(filters.triage) != {PENDING}:
        found.append(_triaged(filters.triage, singly=singly))
    if filters.has_nonconformity is not None:
        belongs = _belongs(singly=singly)
        found.append(belongs if filters.has_nonconformity else ~belongs)
    return found


def own_conditions(filters: Filters, within: str | None) -> list[sa.ColumnElement[bool]]:
    """Write the filters that indexes serve in the order of a list."""
    found: list[sa.ColumnElement[bool]] = [
        complaint.c[name].in_(values) for name in _CHOICES if (values := list(getattr(filters, name)))
    ]
    handled = [
        complaint_handling.c[name].in_(values)
        for name in _HANDLED
        if (values := list(getattr(filters, name)))
    ]
    if handled:
        found.append(complaint.c.id.in_(sa.select(complaint_handling.c.complaint_id).where(*handled)))
    if within is not None:
        found.append(complaint.c.source_system == within)
    if filters.historical is not None:
        found.append(complaint.c.historical.is_(filters.historical))
    found += _period(complaint.c.occurred_at, filters.occurred_from, filters.occurred_to)
    found += _period(complaint.c.received_at, filters.received_from, filters.received_to)
    if set(filters.triage) == {PENDING}:
        found.append(_pending())
    if filters.complainant_reference:
        named = sa.select(complainant.c.complaint_id).where(
            complainant.c.reference.in_(list(filters.complainant_reference))
        )
        found.append(complaint.c.id.in_(named))
    if filters.updated_since is not None:
        found.append(_updated_since(filters.updated_since))
    if filters.updated_to is not None:
        found += _not_updated_since(filters.updated_to)
    found += _timed(filters)
    return found


def _timed(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """Ask for one clock that runs; that none of them is overdue is asked for apart."""
    kinds: list[sa.ColumnElement[bool]] = [complaint_clock.c.kind.in_(filters.clock)] if filters.clock else []
    late: list[sa.ColumnElement[bool]] = [
        *kinds,
        complaint_clock.c.due_at < (filters.now or datetime.min.replace(tzinfo=UTC)),
    ]
    asked = list(kinds)
    if filters.overdue:
        asked = late
    if filters.due_before is not None:
        asked = [*asked, complaint_clock.c.due_at < filters.due_before]
    found: list[sa.ColumnElement[bool]] = [complaint.c.id.in_(_running(asked))] if asked else []
    return [*found, complaint.c.id.not_in(_running(late))] if filters.overdue is False else found


def _running(conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    return sa.select(complaint_clock.c.complaint_id).where(
        complaint_clock.c.state == sa.literal_column("'running'"), *conditions
    )


def _period(
    column: sa.Column[Any], begin: datetime | None, end: datetime | None
) -> list[sa.ColumnElement[bool]]:
    return [
        *([] if begin is None else [column >= begin]),
        *([] if end is None else [column < end]),
    ]


def _triaged(states: Sequence[str], *, singly: bool) -> sa.ColumnElement[bool]:
    decided = [state for state in states if state != PENDING]
    parts: list[sa.ColumnElement[bool]] = []
    if decided and singly:
        parts.append(_OUTCOME.in_(decided))
    elif decided:
        parts.append(
            complaint.c.id.in_(sa.select(triage.c.complaint_id).where(triage.c.outcome.in_(decided)))
        )
    if PENDING in states:
        parts.append(_pending())
    return sa.or_(*parts)


def _pending() -> sa.ColumnElement[bool]:
    # The mark has an index in the order of the list, and may be late to go.
    return sa.and_(complaint.c.awaits_triage, _UNDECIDED)


def _belongs(*, singly: bool) -> sa.ColumnElement[bool]:
    if singly:
        return sa.func.coalesce(_DECIDED_ON, _LINKED).is_not(None)
    named = sa.select(triage.c.complaint_id).where(triage.c.nonconformity_id.is_not(None))
    # A union and no OR, for the reason that `_updated_since` has.
    return complaint.c.id.in_(sa.union(named, sa.select(complaint_link.c.complaint_id)))


def _updated_since(since: datetime) -> sa.ColumnElement[bool]:
    # A union and no OR: each side has its index, and PostgreSQL serves an OR of both by none.
    own = sa.select(complaint.c.id).where(complaint.c.updated_at >= since).correlate(None)
    return complaint.c.id.in_(sa.union(own, _moved_since(since)))


def _not_updated_since(moment: datetime) -> list[sa.ColumnElement[bool]]:
    return [complaint.c.updated_at < moment, complaint.c.id.not_in(_moved_since(moment))]


def _moved_since(since: datetime) -> sa.Select[Any]:
    return (
        sa.select(complaint_link.c.complaint_id)
        .join(nonconformity, nonconformity.c.id == complaint_link.c.nonconformity_id)
        .where(nonconformity.c.updated_at >= since)
    )
