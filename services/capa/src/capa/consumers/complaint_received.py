"""Has a complaint triaged when it is received."""

from dataclasses import dataclass

from capa.consumers.cause import because_of
from capa.consumers.counters import DECISIONS
from capa.consumers.severity import severity_of
from capa.domain.complaint import Complaint
from capa.usecases.triage_complaint import TriageComplaint
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Delivery
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnComplaintReceived:
    """Handles `complaint.received`."""

    triage: TriageComplaint

    async def __call__(self, event: Event[ComplaintReceivedV1], delivery: Delivery) -> None:
        """Triage the complaint once."""
        data = event.data
        complaint = Complaint(
            id=data.complaint_id,
            number=data.number,
            version=event.version,
            severity=severity_of(data.reported_severity),
            product=data.product,
            category=data.category,
            channel=data.channel,
            received_at=data.received_at,
            historical=data.historical,
            correlation_id=event.correlation_id,
        )
        outcome = await self.triage(complaint, because_of(event), delivery)
        if outcome is not None:
            DECISIONS.labels(outcome.value).inc()
