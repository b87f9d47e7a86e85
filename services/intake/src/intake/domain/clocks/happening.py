"""What clocks take notice of: what happened to a complaint, and what is known about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from intake.domain.complaint import Complaint, NewComplaint, Severity, State
from intake.domain.lifecycle import facts
from intake.domain.lifecycle.handling import Handling


class Happening(StrEnum):
    """Something that starts, meets, holds, stops or restarts a clock; the value is its name in profiles."""

    RECEIVED = "received"
    AWARE = "aware"
    AMENDED = "amended"
    INFORMATION_RECEIVED = "information_received"
    OWNER_ASSIGNED = "owner_assigned"
    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    INVESTIGATION_STARTED = "investigation_started"
    CONTAINED = "contained"
    CUSTOMER_UPDATED = "customer_updated"
    HOLDING_REPLY = "holding_reply"
    WAITING_BEGAN = "waiting_began"
    WAITING_ENDED = "waiting_ended"
    RESPONDED = "responded"
    CUSTOMER_ACCEPTED = "customer_accepted"
    CUSTOMER_REJECTED = "customer_rejected"
    REPORT_FILED = "report_filed"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    NOT_A_COMPLAINT = "not_a_complaint"
    LINKED = "linked"
    REFERRED = "referred"


CONTACTS: Final = frozenset({Happening.ACKNOWLEDGED, Happening.CUSTOMER_UPDATED})
"""What the customer hears of us before the answer."""

RESTARTS: Final = frozenset({Happening.REOPENED, Happening.CUSTOMER_REJECTED})
"""What begins a new run of clocks; the verdicts of the runs before stay."""


class Reportability(StrEnum):
    """Whether an authority must be told, as far as that was assessed."""

    UNASSESSED = "unassessed"
    UNDETERMINED = "undetermined"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known about a complaint now.

    `severity` is the assessed one or, until then, the reported one. `moments` tells when each thing happened last, and
    `standing` what the work stands at: the happening that led into the present state, None while it goes on. `owner` is
    who has taken the complaint.
    """

    complaint_id: UUID
    source_system: str
    product: str
    category: str
    channel: str
    severity: Severity
    moments: Mapping[Happening, datetime]
    safety: bool | None = None
    reportability: Reportability = Reportability.UNASSESSED
    owner: str | None = None
    team: str | None = None
    standing: Happening | None = None
    historical: bool = False

    @property
    def about(self) -> str:
        """Say what the complaint is of."""
        return f"{self.product} / {self.category}"


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, and when it did; `authority` is who got a report, `promised_at` by when an answer was promised."""

    what: Happening
    at: datetime
    authority: str | None = None
    promised_at: datetime | None = None


def situation_at_receipt(complaint: NewComplaint) -> Situation:
    """Tell what is known of a complaint when it comes."""
    account = complaint.account
    return Situation(
        complaint_id=complaint.id,
        source_system=complaint.source_system,
        product=account.product,
        category=account.category,
        channel=account.channel.value,
        severity=account.reported_severity,
        moments={Happening.RECEIVED: complaint.received_at, Happening.AWARE: complaint.aware_at},
        historical=complaint.historical,
    )


_STANDING: Final = {
    State.RESPONDED: Happening.RESPONDED,
    State.CLOSED: Happening.CLOSED,
    State.NOT_A_COMPLAINT: Happening.NOT_A_COMPLAINT,
    State.LINKED: Happening.LINKED,
    State.REFERRED: Happening.REFERRED,
    State.WITHDRAWN: Happening.WITHDRAWN,
}


def situation_of(complaint: Complaint, handling: Handling) -> Situation:
    """Tell what is known of a complaint by what has been done about it: the assessment goes before the report."""
    found, response = handling.assessment, handling.response
    moments = {
        Happening.RECEIVED: complaint.received_at,
        Happening.AWARE: complaint.aware_at,
        Happening.ACKNOWLEDGED: handling.acknowledged_at,
        Happening.CUSTOMER_UPDATED: handling.last_contact_at,
        Happening.ASSESSED: None if found is None else found.at,
        Happening.INVESTIGATION_STARTED: handling.investigation_started_at,
        Happening.WAITING_BEGAN: handling.waiting_since,
        Happening.RESPONDED: None if response is None else response.at,
        Happening.REPORT_FILED: max((report.at for report in handling.reports), default=None),
    }
    return Situation(
        complaint_id=complaint.id,
        source_system=complaint.source_system,
        product=complaint.account.product,
        category=complaint.account.category if found is None else found.category,
        channel=complaint.account.channel.value,
        severity=complaint.account.reported_severity if found is None else found.severity,
        moments={what: at for what, at in moments.items() if at is not None},
        safety=None if found is None else found.safety_flag,
        reportability=Reportability.UNASSESSED if found is None else Reportability(found.reportability.value),
        owner=handling.owner,
        team=handling.team,
        standing=_STANDING.get(complaint.state),
        historical=complaint.historical,
    )


_HAPPENINGS: Final[Mapping[type[facts.StepFact], Happening]] = {
    facts.Acknowledged: Happening.ACKNOWLEDGED,
    facts.Assessed: Happening.ASSESSED,
    facts.Rejected: Happening.NOT_A_COMPLAINT,
    facts.Linked: Happening.LINKED,
    facts.OwnerAssigned: Happening.OWNER_ASSIGNED,
    facts.InvestigationStarted: Happening.INVESTIGATION_STARTED,
    facts.CustomerUpdated: Happening.CUSTOMER_UPDATED,
    facts.WaitingBegan: Happening.WAITING_BEGAN,
    facts.WaitingEnded: Happening.WAITING_ENDED,
    facts.Responded: Happening.RESPONDED,
    facts.CustomerAccepted: Happening.CUSTOMER_ACCEPTED,
    facts.CustomerRejected: Happening.CUSTOMER_REJECTED,
    facts.ReportFiled: Happening.REPORT_FILED,
    facts.Closed: Happening.CLOSED,
    facts.Referred: Happening.REFERRED,
    facts.Withdrawn: Happening.WITHDRAWN,
    facts.Reopened: Happening.REOPENED,
}


def happenings_of(fact: facts.StepFact) -> tuple[Happened, ...]:
    """Tell what a step's fact is for clocks; nothing for what no clock takes notice of."""
    what = _HAPPENINGS.get(type(fact))
    if what is None:
        return ()
    if isinstance(fact, facts.ReportFiled):
        return (Happened(what, fact.at, fact.authority),)
    if isinstance(fact, facts.CustomerUpdated) and fact.answer_by is not None:
        held = Happened(Happening.HOLDING_REPLY, fact.at, promised_at=fact.answer_by)
        return Happened(what, fact.at), held
    return (Happened(what, fact.at),)
