"""Complaints as they are read, with what capa made of them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from common.page import Page
from intake.domain.attached_file import AttachedFile
from intake.domain.complaint import Complaint
from intake.domain.lifecycle.guards import Case, Seen
from intake.domain.lifecycle.handling import UNTOUCHED, Handling
from intake.domain.trail import Trace
from intake.usecases.clock_views import ClockView

TriageState = Literal["pending", "raised", "linked", "declined"]
Sort = Literal["received_at", "-received_at", "recorded_at", "-recorded_at", "number", "-number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageView:
    """What triage decided."""

    outcome: str
    reason: str
    explanation: str
    policy_version: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityView:
    """The nonconformity that the complaint belongs to."""

    id: UUID
    number: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action of that nonconformity."""

    id: UUID
    number: str
    kind: str | None
    owner: str | None
    team: str | None
    due_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintView:
    """A complaint and what became of it; `updated_at` is the last change of either."""

    complaint: Complaint
    updated_at: datetime
    triage: TriageView | None = None
    nonconformity: NonconformityView | None = None
    actions: tuple[ActionView, ...] = ()
    files: tuple[AttachedFile, ...] = ()
    handling: Handling = UNTOUCHED
    has_duplicates: bool = False
    clocks: tuple[ClockView, ...] = ()


def case_of(view: ComplaintView) -> Case:
    """Give what the guards of steps look at."""
    nonconformity = view.nonconformity
    return Case(
        complaint=view.complaint,
        handling=view.handling,
        seen=Seen(
            triaged=view.triage is not None,
            nonconformity=None if nonconformity is None else nonconformity.number,
            nonconformity_state=None if nonconformity is None else nonconformity.state,
        ),
        has_duplicates=view.has_duplicates,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which complaints a list holds: each sequence is a choice, empty for no bound; periods are half-open.

    `overdue`, `clock` and `due_before` ask for one clock that runs and is all of that at `now`, without which nothing is
    overdue. `q` is what a person typed into a search box; `complainant_reference` is personal data.
    """

    q: str | None = None
    source_system: Sequence[str] = ()
    external_id: Sequence[str] = ()
    product: Sequence[str] = ()
    category: Sequence[str] = ()
    lot: Sequence[str] = ()
    site: Sequence[str] = ()
    serial: Sequence[str] = ()
    channel: Sequence[str] = ()
    reported_severity: Sequence[str] = ()
    state: Sequence[str] = ()
    owner: Sequence[str] = ()
    team: Sequence[str] = ()
    severity: Sequence[str] = ()
    triage: Sequence[str] = ()
    historical: bool | None = None
    has_nonconformity: bool | None = None
    complainant_reference: Sequence[str] = ()
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    updated_since: datetime | None = None
    updated_to: datetime | None = None
    overdue: bool | None = None
    clock: Sequence[str] = ()
    due_before: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A complaint's history from the start; `broken_at` is the position where the chain does not hold."""

    traces: tuple[Trace, ...]
    broken_at: int | None
    complaint_id: UUID


class Views(Protocol):
    """Reads complaints; `within` keeps a caller to one source system."""

    async def find(self, reference: str, *, within: str | None = None) -> ComplaintView:
        """Read one by id or number; raises NoSuchComplaint."""
        ...

    async def by_identity(self, source_system: str, external_id: str) -> ComplaintView:
        """Read the one that a source knows by this id; raises NoSuchComplaint."""
        ...

    async def page(
        self,
        filters: Filters,
        *,
        sort: Sort,
        after: tuple[str, ...] | None,
        limit: int,
        within: str | None = None,
    ) -> Page[ComplaintView]:
        """Read one page, `after` the keys that the page before ended with."""
        ...

    async def history(self, reference: str, *, within: str | None = None) -> HistoryPage:
        """Read a complaint's history and verify it; raises NoSuchComplaint."""
        ...


class Export(Protocol):
    """Reads many complaints, page by page, without holding a transaction open between two pages."""

    def __call__(
        self,
        filters: Filters,
        *,
        sort: Sort,
        after: tuple[str, ...] | None,
        most: int,
        within: str | None = None,
    ) -> AsyncIterator[Page[ComplaintView]]:
        """Give one page or more, `most` complaints in all; the last page has `next_keys` where there are others."""
        ...
