"""A nonconformity: a requirement that was not met, and the complaints that show it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from capa.domain.complaint import Complaint
from capa.domain.facts import ComplaintLinked, NonconformityRaised, SeverityRaised
from capa.domain.severity import Severity, worse


class State(StrEnum):
    """Whether a nonconformity still takes complaints."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonconformity:
    """One requirement not met for a product and category.

    `anchor_at` is when the complaint that raised it was received: complaints received near it belong to it.
    """

    id: UUID
    number: str
    state: State
    product: str
    category: str
    severity: Severity
    origin: Literal["complaint"]
    origin_complaint_id: UUID
    anchor_at: datetime
    complaints: int
    raised_at: datetime
    correlation_id: UUID
    version: int

    def link(self, complaint: Complaint) -> tuple["Nonconformity", ComplaintLinked]:
        """Take a further complaint; a graver one raises the severity."""
        linked = replace(
            self,
            severity=worse(self.severity, complaint.severity),
            complaints=self.complaints + 1,
            version=self.version + 1,
        )
        return linked, ComplaintLinked(complaint.id, complaint.number, self.severity)

    def worsen(self, complaint: Complaint) -> tuple["Nonconformity", SeverityRaised]:
        """Take over the severity that a complaint of it was assessed with, which is graver than its own."""
        worsened = replace(self, severity=complaint.severity, version=self.version + 1)
        return worsened, SeverityRaised(complaint.id, complaint.number, self.severity)


def raise_from(
    complaint: Complaint, *, nonconformity_id: UUID, number: str, explanation: str, now: datetime
) -> tuple[Nonconformity, NonconformityRaised]:
    """Raise a nonconformity from the complaint that becomes its anchor."""
    raised = Nonconformity(
        id=nonconformity_id,
        number=number,
        state=State.OPEN,
        product=complaint.product,
        category=complaint.category,
        severity=complaint.severity,
        origin="complaint",
        origin_complaint_id=complaint.id,
        anchor_at=complaint.received_at,
        complaints=1,
        raised_at=now,
        correlation_id=complaint.correlation_id,
        version=1,
    )
    return raised, NonconformityRaised(complaint.id, explanation)
