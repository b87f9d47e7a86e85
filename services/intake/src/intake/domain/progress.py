"""What capa has said about a complaint, as far as its source wants to know."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageSeen:
    """What triage decided; `outcome` is raised, linked or declined."""

    complaint_id: UUID
    outcome: str
    reason: str
    explanation: str
    policy_version: str
    decided_at: datetime
    nonconformity_id: UUID | None
    nonconformity_number: str | None
    version: int
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformitySeen:
    """A nonconformity exists and, where one is named, a complaint belongs to it."""

    nonconformity_id: UUID
    number: str
    complaint_id: UUID | None
    version: int
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityMoved:
    """A nonconformity stands elsewhere: dispositioned or closed."""

    nonconformity_id: UUID
    number: str
    state: str
    version: int
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSeen:
    """What one event says of an action; None is not said, but a team is said wherever an owner is."""

    action_id: UUID
    number: str
    nonconformity_id: UUID
    version: int
    seen_at: datetime
    state: str | None = None
    kind: str | None = None
    owner: str | None = None
    team: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """That a complaint belongs to a nonconformity, as one fact names both."""

    complaint_id: UUID
    nonconformity_id: UUID
    number: str | None
    seen_at: datetime


def overdue(state: str, due_at: datetime | None, now: datetime) -> bool:
    """Tell whether an action is late: time makes it so, nobody sets it."""
    return state == "open" and due_at is not None and due_at < now
