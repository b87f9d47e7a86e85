"""What capa announces about triage, nonconformities, actions and trend signals; of cases, see `case`."""

from typing import ClassVar

from events.contracts.words import ActionKind, Punctuality, Severity, SignalVerdict, TriageOutcome
from events.envelope import Contract
from events.types import Code, Count, Flag, Id, Instant, Number, StaffText


class TriageDecidedV1(Contract):
    """It was decided what a complaint leads to; told under the complaint's key."""

    type: ClassVar[str] = "redress.triage.decided.v1"

    complaint_id: Id
    complaint_number: Number
    outcome: TriageOutcome
    reason: Code
    explanation: StaffText
    policy_version: Code
    decided_at: Instant
    nonconformity_id: Id | None = None
    nonconformity_number: Number | None = None


class NonconformityRaisedV1(Contract):
    """A requirement that was not met is now tracked."""

    type: ClassVar[str] = "redress.nonconformity.raised.v1"

    nonconformity_id: Id
    number: Number
    product: Code
    category: Code
    severity: Severity
    origin: Code
    complaint_id: Id | None = None
    raised_at: Instant


class NonconformityLinkedV1(Contract):
    """A further complaint belongs to an open nonconformity."""

    type: ClassVar[str] = "redress.nonconformity.linked.v1"

    nonconformity_id: Id
    number: Number
    complaint_id: Id
    complaints: Count


class NonconformitySeverityRaisedV1(Contract):
    """A complaint of an open nonconformity was assessed as graver than that was thought to be."""

    type: ClassVar[str] = "redress.nonconformity.severity_raised.v1"

    nonconformity_id: Id
    number: Number
    complaint_id: Id
    severity: Severity
    previous_severity: Severity


class NonconformityDispositionedV1(Contract):
    """It was decided what is done with what is affected."""

    type: ClassVar[str] = "redress.nonconformity.dispositioned.v1"

    nonconformity_id: Id
    number: Number
    dispositions: tuple[Code, ...]
    authorised_by: Code | None = None
    rationale: StaffText
    dispositioned_at: Instant


class NonconformityClosedV1(Contract):
    """Nothing is left to do about a nonconformity itself; a case about its causes may still be open."""

    type: ClassVar[str] = "redress.nonconformity.closed.v1"

    nonconformity_id: Id
    number: Number
    case_needed: Flag
    closed_at: Instant


class ActionAssignedV1(Contract):
    """Somebody must do something by a date."""

    type: ClassVar[str] = "redress.action.assigned.v1"

    action_id: Id
    number: Number
    kind: ActionKind
    parent_kind: Code
    parent_id: Id
    title: StaffText
    owner: Code
    team: Code | None = None
    severity: Severity
    due_at: Instant


class ActionReassignedV1(Contract):
    """An action has another owner."""

    type: ClassVar[str] = "redress.action.reassigned.v1"

    action_id: Id
    number: Number
    parent_kind: Code
    parent_id: Id
    owner: Code
    team: Code | None = None
    previous_owner: Code
    reason: StaffText


class ActionDueChangedV1(Contract):
    """An action's due instant moved; the original one is kept."""

    type: ClassVar[str] = "redress.action.due_changed.v1"

    action_id: Id
    number: Number
    parent_kind: Code
    parent_id: Id
    due_at: Instant
    previous_due_at: Instant
    original_due_at: Instant
    reason: StaffText


class ActionCompletedV1(Contract):
    """An action was done, with evidence on record."""

    type: ClassVar[str] = "redress.action.completed.v1"

    action_id: Id
    number: Number
    parent_kind: Code
    parent_id: Id
    completed_at: Instant
    punctuality: Punctuality


class ActionCancelledV1(Contract):
    """An action is no longer needed."""

    type: ClassVar[str] = "redress.action.cancelled.v1"

    action_id: Id
    number: Number
    parent_kind: Code
    parent_id: Id
    cancelled_at: Instant
    reason: StaffText


class ActionEvidenceRejectedV1(Contract):
    """What was said to show that an action was done does not show it: the action is open again."""

    type: ClassVar[str] = "redress.action.evidence_rejected.v1"

    action_id: Id
    number: Number
    parent_kind: Code
    parent_id: Id
    reason: StaffText
    rejected_at: Instant


class ActionVerifiedV1(Contract):
    """Somebody other than whoever did it saw that an action was done."""

    type: ClassVar[str] = "redress.action.verified.v1"

    action_id: Id
    number: Number
    parent_kind: Code
    parent_id: Id
    verified_at: Instant


class SignalRaisedV1(Contract):
    """Complaints come more often than chance explains; told once while it lasts."""

    type: ClassVar[str] = "redress.signal.raised.v1"

    signal_id: Id
    number: Number
    watch: Code
    product: Code
    category: Code | None = None
    rule: Code
    severity: Severity
    complaints: Count
    first_at: Instant
    last_at: Instant
    explanation: StaffText
    policy_version: Code
    raised_at: Instant
    site: Code | None = None
    case_id: Id | None = None
    proposal: Code | None = None


class SignalEvaluatedV1(Contract):
    """Somebody looked at a signal, and took it for a trend or for none."""

    type: ClassVar[str] = "redress.signal.evaluated.v1"

    signal_id: Id
    number: Number
    verdict: SignalVerdict
    reason: StaffText
    nonconformity_id: Id | None = None
    decided_at: Instant
    case_id: Id | None = None


class SignalClearedV1(Contract):
    """A confirmed signal is over; the same rule may raise the next one."""

    type: ClassVar[str] = "redress.signal.cleared.v1"

    signal_id: Id
    number: Number
    reason: StaffText
    phase_begins_at: Instant | None = None
    cleared_at: Instant
