"""What clocks take notice of: what happened to a complaint, and what is known about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from common.clock import instant_text
from intake.domain.complaint import NewComplaint, Severity


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


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, and when it did."""

    what: Happening
    at: datetime

    def __str__(self) -> str:
        return f"{self.what} at {instant_text(self.at)}"


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
