"""Has complaints triaged when they are received, and keeps how they are handled."""

from collections.abc import Sequence
from dataclasses import dataclass

from capa.consumers.cause import because_of
from capa.consumers.counters import DECISIONS, TIME_TO_TRIAGE
from capa.consumers.handling import facts_of
from capa.consumers.severity import severity_of
from capa.domain.complaint import Complaint
from capa.domain.groups import Groups
from capa.usecases.hear_complaints import HearComplaints, Heard, Told
from capa.usecases.triage_complaint import Case
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnComplaintsHeard:
    """Handles `complaint.received`, and what else is told of a complaint that nothing is decided about.

    All of it comes through one handler, so that a receipt and the deadlines told behind it part no group.
    """

    hear: HearComplaints
    groups: Groups

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Take each up once; what no indicator looks at has no effect and is not claimed."""
        wanted = [(place, told) for place, each in enumerate(delivered) if (told := _told(each)) is not None]
        claims = [Claim.NEW] * len(delivered)
        if wanted:
            heard = await self.hear([told for _, told in wanted])
            for (place, told), each in zip(wanted, heard, strict=True):
                claims[place] = each.claim
                if isinstance(told, Case):
                    self._count(told.complaint, each)
        return claims

    def _count(self, complaint: Complaint, heard: Heard) -> None:
        if heard.outcome is None or heard.decided_at is None:
            return
        labels = (heard.outcome.value, complaint.severity.value)
        DECISIONS.labels(*labels, self.groups.of_product(complaint.product)).inc()
        if not complaint.historical:
            # A source's clock may run ahead of ours.
            waited = max((heard.decided_at - complaint.received_at).total_seconds(), 0.0)
            TIME_TO_TRIAGE.labels(*labels).observe(waited)


def _told(delivered: Delivered) -> Case | Told | None:
    if isinstance(delivered.event.data, ComplaintReceivedV1):
        return _case(delivered)
    facts = facts_of(delivered.event)
    return Told(facts, delivered.delivery) if facts else None


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
