"""What intake announces about the handling of complaints; each is told in the version that the step left it in."""

from typing import ClassVar

from events.contracts.words import ClosureGround, Level, Reportability, Severity, Validity, Waiting
from events.envelope import Contract
from events.types import Code, Count, Flag, Id, Instant, Number


class ComplaintAcknowledgedV1(Contract):
    """The complainant was told that we have the complaint."""

    type: ClassVar[str] = "redress.complaint.acknowledged.v1"

    complaint_id: Id
    number: Number
    acknowledged_at: Instant
    told_through: Code


class ComplaintAssessedV1(Contract):
    """It was judged how bad a complaint is, whether it is reportable and justified; may come again."""

    type: ClassVar[str] = "redress.complaint.assessed.v1"

    complaint_id: Id
    number: Number
    severity: Severity
    product: Code
    category: Code
    safety_flag: Flag
    reportability: Reportability
    report_to: tuple[Code, ...] = ()
    validity: Validity
    implication: Level
    complexity: Level
    impact: Level
    immediate_action: Flag
    assessed_at: Instant


class ComplaintRejectedV1(Contract):
    """It was found to be no complaint."""

    type: ClassVar[str] = "redress.complaint.rejected.v1"

    complaint_id: Id
    number: Number
    rejected_at: Instant


class ComplaintLinkedV1(Contract):
    """It tells of the same thing as another complaint, and is handled with that one but for its own reply."""

    type: ClassVar[str] = "redress.complaint.linked.v1"

    complaint_id: Id
    number: Number
    master_id: Id
    master_number: Number
    linked_at: Instant


class ComplaintInvestigationStartedV1(Contract):
    """Its owner began to investigate it."""

    type: ClassVar[str] = "redress.complaint.investigation_started.v1"

    complaint_id: Id
    number: Number
    owner: Code
    team: Code | None = None
    started_at: Instant


class ComplaintCustomerUpdatedV1(Contract):
    """The complainant was told how it stands, or the waiting for the complainant began or ended.

    With `answer_by` it was a holding reply, which promised an answer by then.
    """

    type: ClassVar[str] = "redress.complaint.customer_updated.v1"

    complaint_id: Id
    number: Number
    told_at: Instant
    told_through: Code | None = None
    waiting: Waiting = Waiting.UNCHANGED
    answer_by: Instant | None = None


class ComplaintRespondedV1(Contract):
    """The complainant was answered."""

    type: ClassVar[str] = "redress.complaint.responded.v1"

    complaint_id: Id
    number: Number
    responded_at: Instant
    told_through: Code
    investigated: Flag
    reportability: Reportability | None = None
    capa_required: Flag | None = None
    capa_reference: Code | None = None


class ComplaintCustomerAcceptedV1(Contract):
    """The complainant agrees with the answer."""

    type: ClassVar[str] = "redress.complaint.customer_accepted.v1"

    complaint_id: Id
    number: Number
    accepted_at: Instant


class ComplaintCustomerRejectedV1(Contract):
    """The complainant does not agree with the answer, and the investigation goes on."""

    type: ClassVar[str] = "redress.complaint.customer_rejected.v1"

    complaint_id: Id
    number: Number
    rejected_at: Instant


class ComplaintClosedV1(Contract):
    """It is closed; another person than the investigator approved that where its severity is major or more."""

    type: ClassVar[str] = "redress.complaint.closed.v1"

    complaint_id: Id
    number: Number
    closed_at: Instant
    closure_code: Code
    ground: ClosureGround
    severity: Severity
    run: Count
    policy_version: Code


class ComplaintReferredV1(Contract):
    """A body outside deals with it."""

    type: ClassVar[str] = "redress.complaint.referred.v1"

    complaint_id: Id
    number: Number
    referred_to: Code
    referred_at: Instant


class ComplaintWithdrawnV1(Contract):
    """The complainant took it back."""

    type: ClassVar[str] = "redress.complaint.withdrawn.v1"

    complaint_id: Id
    number: Number
    withdrawn_at: Instant


class ComplaintReopenedV1(Contract):
    """It was taken up again after it had ended, or is a duplicate no longer; a new run began."""

    type: ClassVar[str] = "redress.complaint.reopened.v1"

    complaint_id: Id
    number: Number
    reopened_at: Instant
    previous_state: Code
    state: Code
    run: Count
