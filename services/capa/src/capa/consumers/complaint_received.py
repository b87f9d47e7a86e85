"""Has complaints triaged when they are received."""

from collections.abc import Sequence
from dataclasses import dataclass

from capa.consumers.cause import because_of
from capa.consumers.counters import DECISIONS
from capa.consumers.severity import severity_of
from capa.domain.complaint import Complaint
from capa.usecases.triage_complaint import Case, TriageComplaint
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnComplaintReceived:
    """Handles `complaint.received`, several at once where several wait."""

    triage: TriageComplaint

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Triage each complaint once."""
        triaged = await self.triage([_case(each) for each in delivered])
        for each in triaged:
            if each.outcome is not None:
                DECISIONS.labels(each.outcome.value).inc()
        return [each.claim for each in triaged]


def _case(delivered: Delivered) -> Case:
    event: Event[ComplaintReceivedV1] = delivered.event
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
    return Case(complaint, because_of(event), delivered.delivery)
