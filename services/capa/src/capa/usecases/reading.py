"""What can be looked up, without changing anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from capa.domain.action import Action, State
from capa.domain.nonconformity import Nonconformity
from capa.domain.nonconformity import State as NonconformityState
from capa.domain.severity import Severity
from capa.usecases.ports import Notice, NoticeAnswer
from common.history import Entry
from common.page import Page

Keys = tuple[str, ...] | None
"""The sort keys of the item that a page goes on after; None for a first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityFilter:
    """Which nonconformities are asked for; several values of one field mean any of them, None means all."""

    product: frozenset[str] | None = None
    category: frozenset[str] | None = None
    severity: frozenset[Severity] | None = None
    state: frozenset[NonconformityState] | None = None
    raised_from: datetime | None = None
    raised_to: datetime | None = None
    complaint_id: UUID | None = None
    site: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFilter:
    """Which actions are asked for; several values of one field mean any of them, None means all."""

    owner: frozenset[str] | None = None
    team: frozenset[str] | None = None
    severity: frozenset[Severity] | None = None
    product: frozenset[str] | None = None
    state: frozenset[State] | None = None
    nonconformity_id: UUID | None = None
    case_id: UUID | None = None
    due_before: datetime | None = None
    overdue: bool | None = None


@dataclass(frozen=True, slots=True)
class LinkedComplaint:
    """A complaint that belongs to a nonconformity, as its source has it now."""

    id: UUID
    number: str
    severity: Severity
    product: str
    category: str
    channel: str
    received_at: datetime
    linked_at: datetime
    ended: str | None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class CaseBrief:
    """A case that answers a nonconformity."""

    id: UUID
    number: str
    state: str


@dataclass(frozen=True, slots=True)
class NonconformityView:
    """A nonconformity with its actions, its cases, and the complaints linked first, at most `MOST_COMPLAINTS` of them."""

    nonconformity: Nonconformity
    complaints: tuple[LinkedComplaint, ...]
    actions: tuple[Action, ...]
    cases: tuple[CaseBrief, ...] = ()

    @property
    def living_cases(self) -> int:
        """How many of its cases were neither rejected nor cancelled."""
        return sum(case.state not in {"rejected", "cancelled"} for case in self.cases)


MOST_COMPLAINTS = 100


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action, what notifier did about it and what was answered, newest first, at most `MOST_NOTICES` of both together.

    `last_notified_at` is when somebody was last told; `breach_noticed_at` when the present deadline was seen to pass.
    """

    action: Action
    notices: tuple[Notice, ...]
    answers: tuple[NoticeAnswer, ...]
    last_notified_at: datetime | None
    breach_noticed_at: datetime | None


MOST_NOTICES = 100


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision on record."""

    id: UUID
    complaint_id: UUID
    complaint_number: str
    ordinal: int
    trigger: str
    outcome: Literal["raised", "linked", "declined"]
    rule: str
    reason: str
    explanation: str
    policy_version: str
    decided_at: datetime
    nonconformity_id: UUID | None
    nonconformity_number: str | None


class Records(Protocol):
    """Reads what capa keeps, without locking it."""

    async def nonconformities(
        self, wanted: NonconformityFilter, after: Keys, limit: int
    ) -> Page[Nonconformity]:
        """List nonconformities, the one raised last first."""
        ...

    async def nonconformity(self, reference: UUID | str) -> NonconformityView:
        """Read one by its id or number; refuses with NonconformityMissing."""
        ...

    async def actions(self, wanted: ActionFilter, after: Keys, limit: int, *, now: datetime) -> Page[Action]:
        """List actions, the one due first first; overdue is judged at `now`."""
        ...

    async def action(self, reference: UUID | str) -> ActionView:
        """Read one by its id or number; refuses with ActionMissing."""
        ...

    async def decisions(self, complaint_id: UUID | None, after: Keys, limit: int) -> Page[DecisionView]:
        """List triage decisions, newest first, of one complaint or of all."""
        ...

    async def nonconformity_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to a nonconformity, oldest first; refuses with NonconformityMissing."""
        ...

    async def action_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to an action, oldest first; refuses with ActionMissing."""
        ...
