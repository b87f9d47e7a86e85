"""A nonconformity: a requirement that was not met, and what shows it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from capa.domain.complaint import Complaint
from capa.domain.disposition import Affected, CaseDecision, Disposition
from capa.domain.facts import ComplaintLinked, NonconformityRaised, SeverityRaised
from capa.domain.severity import Severity, worse
from common.refusals import Stale


class State(StrEnum):
    """Whether a nonconformity still takes complaints."""

    OPEN = "open"
    CLOSED = "closed"


class Origin(StrEnum):
    """Where it was noticed."""

    COMPLAINT = "complaint"
    AUDIT = "audit"
    SUPPLIER = "supplier"
    PROCESS = "process"
    MANUAL = "manual"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonconformity:
    """One requirement not met for a product and category.

    `anchor_at` is when the complaint that raised it was received, or when it was noticed: of those raised from complaints or
    a signal of theirs, complaints received near it belong to it.
    """

    id: UUID
    number: str
    state: State
    product: str
    category: str
    severity: Severity
    origin: Origin
    origin_complaint_id: UUID | None
    anchor_at: datetime
    complaints: int
    raised_at: datetime
    correlation_id: UUID
    version: int
    origin_reference: str | None = None
    description: str = ""
    affected: tuple[Affected, ...] = ()
    disposition: Disposition | None = None
    case_decision: CaseDecision | None = None
    closed_at: datetime | None = None

    def expect(self, version: int | None) -> None:
        """Refuse when the caller read another version than the current one; None asks for no check."""
        if version is not None and version != self.version:
            raise Stale(
                f"Version {version} of {self.number} was read, but the current version is {self.version}: read it again.",
                self.version,
            )

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
    complaint: Complaint,
    *,
    nonconformity_id: UUID,
    number: str,
    explanation: str,
    now: datetime,
    signal: str | None = None,
) -> tuple[Nonconformity, NonconformityRaised]:
    """Raise a nonconformity from the complaint that becomes its anchor, or from the signal that it is evidence of."""
    origin_complaint = complaint.id if signal is None else None
    raised = Nonconformity(
        id=nonconformity_id,
        number=number,
        state=State.OPEN,
        product=complaint.product,
        category=complaint.category,
        severity=complaint.severity,
        origin=Origin.COMPLAINT if signal is None else Origin.SIGNAL,
        origin_complaint_id=origin_complaint,
        origin_reference=signal,
        anchor_at=complaint.received_at,
        complaints=1,
        raised_at=now,
        correlation_id=complaint.correlation_id,
        version=1,
    )
    return raised, NonconformityRaised(origin_complaint, explanation)
