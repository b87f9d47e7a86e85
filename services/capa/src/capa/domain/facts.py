"""What happened to a nonconformity or an action, beside the value that came out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from capa.domain.disposition import Affected, CaseDecision, Disposition
from capa.domain.severity import Severity


@dataclass(frozen=True, slots=True)
class NonconformityRaised:
    """A nonconformity was raised, from a complaint or by hand."""

    complaint_id: UUID | None
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
class NonconformityDescribed:
    """It was said what was not met and what is affected."""

    previous_description: str
    previous_affected: tuple[Affected, ...]


@dataclass(frozen=True, slots=True)
class NonconformityDispositioned:
    """It was decided what is done with what is affected."""

    previous: Disposition | None


@dataclass(frozen=True, slots=True)
class CaseNeedDecided:
    """It was decided whether a corrective-action case is needed."""

    previous: CaseDecision | None


@dataclass(frozen=True, slots=True)
class NonconformityClosed:
    """Nothing is left to do about a nonconformity."""

    reason: str


NonconformityFact = (
    ComplaintLinked
    | NonconformityDescribed
    | NonconformityDispositioned
    | CaseNeedDecided
    | NonconformityClosed
)


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


@dataclass(frozen=True, slots=True)
class ExtensionAsked:
    """Somebody asked for a later due time."""

    proposed_due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ExtensionDecided:
    """Another person granted a later due time or refused it; `previous_due_at` was due until then."""

    granted: bool
    previous_due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ActionOpened:
    """A planned action may begin, since its plan was approved."""


@dataclass(frozen=True, slots=True)
class EvidenceRejected:
    """What was to show that an action was done does not show it."""

    previous_evidence: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActionVerified:
    """Somebody other than the doer saw that an action was done."""

    statement: str


@dataclass(frozen=True, slots=True)
class CostRecorded:
    """What an action cost was written down."""

    previous: str | None
    cost: str


ActionFact = (
    ActionGiven
    | ActionAssigned
    | ActionReassigned
    | DueChanged
    | ActionCompleted
    | ActionCancelled
    | ActionOpened
    | EvidenceRejected
    | ActionVerified
    | CostRecorded
    | ExtensionAsked
    | ExtensionDecided
)
