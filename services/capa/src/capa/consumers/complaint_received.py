"""Has complaints triaged when they are received."""

from collections.abc import Sequence
from dataclasses import dataclass

from capa.consumers.cause import because_of
from capa.consumers.counters import DECISIONS, TIME_TO_TRIAGE
from capa.consumers.severity import severity_of
from capa.domain.complaint import Complaint
from capa.domain.groups import Groups
from capa.usecases.triage_complaint import Case, TriageComplaint, Triaged
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnComplaintReceived:
    """Handles `complaint.received`, several at once where several wait."""

    triage: TriageComplaint
    groups: Groups

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Triage each complaint once."""
        cases = [_case(each) for each in delivered]
        triaged = await self.triage(cases)
        for case, each in zip(cases, triaged, strict=True):
            self._count(case.complaint, each)
        return [each.claim for each in triaged]

    def _count(self, complaint: Complaint, triaged: Triaged) -> None:
        if triaged.outcome is None or triaged.decided_at is None:
            return
        labels = (triaged.outcome.value, complaint.severity.value)
        DECISIONS.labels(*labels, self.groups.of_product(complaint.product)).inc()
        if not complaint.historical:
            # A source's clock may run ahead of ours.
            waited = max((triaged.decided_at - complaint.received_at).total_seconds(), 0.0)
            TIME_TO_TRIAGE.labels(*labels).observe(waited)


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
        site=data.site,
    )
    return Case(complaint, because_of(event), delivered.delivery)
