"""What capa announces about corrective-action cases and about extensions of due times."""

from typing import ClassVar

from events.contracts.words import EffectivenessResult, Severity
from events.envelope import Contract
from events.types import Code, Count, Flag, Id, Instant, Number, StaffText


class CaseRequestedV1(Contract):
    """Somebody asked for a corrective-action case."""

    type: ClassVar[str] = "redress.case.requested.v1"

    case_id: Id
    number: Number
    title: StaffText
    product: Code
    category: Code
    severity: Severity
    nonconformity_ids: tuple[Id, ...]
    recurrence_of: Id | None = None
    requested_at: Instant


class CaseAcceptedV1(Contract):
    """A case was screened and accepted: it has an owner and an approver, who differ."""

    type: ClassVar[str] = "redress.case.accepted.v1"

    case_id: Id
    number: Number
    owner: Code
    approver: Code
    severity: Severity
    risk: Code
    due_at: Instant
    accepted_at: Instant


class CaseRejectedV1(Contract):
    """A case was screened and rejected."""

    type: ClassVar[str] = "redress.case.rejected.v1"

    case_id: Id
    number: Number
    rejection: Code
    explanation: StaffText
    rejected_at: Instant


class CaseContainedV1(Contract):
    """The trouble is contained, and that was validated; or nothing needs to be contained."""

    type: ClassVar[str] = "redress.case.contained.v1"

    case_id: Id
    number: Number
    contained_at: Instant
    containment_needed: Flag
    explanation: StaffText


class CaseRootCauseVerifiedV1(Contract):
    """A cause of the trouble, or of its escape, was tested and the test confirmed it."""

    type: ClassVar[str] = "redress.case.root_cause_verified.v1"

    case_id: Id
    number: Number
    cause_id: Id
    cause_kind: Code
    method: Code
    statement: StaffText
    verified_at: Instant


class CasePlanApprovedV1(Contract):
    """The plan of actions, and how their effect will be judged, was signed by the approver."""

    type: ClassVar[str] = "redress.case.plan_approved.v1"

    case_id: Id
    number: Number
    approver: Code
    actions: Count
    cycle: Count
    approved_at: Instant


class CaseImplementedV1(Contract):
    """All actions of the plan are done or cancelled."""

    type: ClassVar[str] = "redress.case.implemented.v1"

    case_id: Id
    number: Number
    implemented_at: Instant
    cycle: Count


class CaseVerifiedV1(Contract):
    """Somebody other than the doers confirmed that the plan was carried out without adverse effects."""

    type: ClassVar[str] = "redress.case.verified.v1"

    case_id: Id
    number: Number
    verified_at: Instant
    cycle: Count


class CaseMonitoringStartedV1(Contract):
    """The window in which the effect shows has begun."""

    type: ClassVar[str] = "redress.case.monitoring_started.v1"

    case_id: Id
    number: Number
    started_at: Instant
    ends_at: Instant
    cycle: Count


class CaseEffectivenessDecidedV1(Contract):
    """It was decided whether the actions were effective."""

    type: ClassVar[str] = "redress.case.effectiveness_decided.v1"

    case_id: Id
    number: Number
    result: EffectivenessResult
    explanation: StaffText
    cycle: Count
    decided_at: Instant


class CaseClosedV1(Contract):
    """The actions were effective, and what was learned is spread."""

    type: ClassVar[str] = "redress.case.closed.v1"

    case_id: Id
    number: Number
    cycle: Count
    closed_at: Instant


class CaseRecurredV1(Contract):
    """Complaints show the trouble of a closed case again; somebody decides about what is proposed."""

    type: ClassVar[str] = "redress.case.recurred.v1"

    case_id: Id
    number: Number
    signal_id: Id
    signal_number: Number
    proposal: Code
    complaints: Count
    first_at: Instant
    last_at: Instant
    explanation: StaffText
    cycle: Count
    recurred_at: Instant


class CaseReopenedV1(Contract):
    """A closed case was opened again, since the trouble came back."""

    type: ClassVar[str] = "redress.case.reopened.v1"

    case_id: Id
    number: Number
    reason: StaffText
    cycle: Count
    reopened_at: Instant


class CasePutOnHoldV1(Contract):
    """Work on a case waits."""

    type: ClassVar[str] = "redress.case.put_on_hold.v1"

    case_id: Id
    number: Number
    reason: StaffText
    held_at: Instant


class CaseResumedV1(Contract):
    """Work on a case goes on."""

    type: ClassVar[str] = "redress.case.resumed.v1"

    case_id: Id
    number: Number
    resumed_at: Instant


class CaseCancelledV1(Contract):
    """A case was given up, signed by its approver."""

    type: ClassVar[str] = "redress.case.cancelled.v1"

    case_id: Id
    number: Number
    reason: StaffText
    cancelled_at: Instant


class ExtensionRequestedV1(Contract):
    """Somebody asked for a later due time."""

    type: ClassVar[str] = "redress.extension.requested.v1"

    subject_kind: Code
    subject_id: Id
    number: Number
    due_at: Instant
    proposed_due_at: Instant
    reason: StaffText
    requested_at: Instant


class ExtensionDecidedV1(Contract):
    """Another person granted a later due time, or refused it; the original one is kept."""

    type: ClassVar[str] = "redress.extension.decided.v1"

    subject_kind: Code
    subject_id: Id
    number: Number
    granted: Flag
    due_at: Instant
    original_due_at: Instant
    reason: StaffText
    decided_at: Instant
