"""What happened to a nonconformity or an action, beside the value that came out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from capa.domain.severity import Severity


@dataclass(frozen=True, slots=True)
class NonconformityRaised:
    """A nonconformity was raised from a complaint."""

    complaint_id: UUID
    explanation: str


@dataclass(frozen=True, slots=True)
class ComplaintLinked:
    """A further complaint was linked; `previous_severity` is the nonconformity's before."""

    complaint_id: UUID
    complaint_number: str
    previous_severity: Severity


@dataclass(frozen=True, slots=True)
class SeverityRaised:
    """A complaint that belongs to a nonconformity was assessed as graver than that was thought to be."""

    complaint_id: UUID
    complaint_number: str
    previous_severity: Severity


@dataclass(frozen=True, slots=True)
class ComplaintNoted:
    """A complaint that belongs to a nonconformity ended as `ended` says, or was taken up again (None)."""

    complaint_id: UUID
    ended: str | None


@dataclass(frozen=True, slots=True)
class ActionGiven:
    """An action was made; its owner, if it has one, was assigned by the policy."""


@dataclass(frozen=True, slots=True)
class ActionAssigned:
    """An action without an owner got one."""

    previous_team: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ActionReassigned:
    """An action got another owner or team."""

    previous_owner: str
    previous_team: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class DueChanged:
    """An action's due instant moved."""

    previous_due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ActionCompleted:
    """An action was done."""


@dataclass(frozen=True, slots=True)
class ActionCancelled:
    """An action is no longer needed."""

    reason: str


ActionFact = ActionGiven | ActionAssigned | ActionReassigned | DueChanged | ActionCompleted | ActionCancelled
