"""Has complaints triaged again when they are assessed."""

from dataclasses import dataclass

from capa.consumers.cause import because_of
from capa.consumers.counters import REVIEWS
from capa.consumers.handling import step_of
from capa.consumers.severity import severity_of
from capa.usecases.ports import Assessment
from capa.usecases.triage_again import TriageAgain
from events.contracts.lifecycle import ComplaintAssessedV1
from events.delivery import Delivery
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnComplaintAssessed:
    """Handles `complaint.assessed`."""

    triage: TriageAgain

    async def __call__(self, event: Event[ComplaintAssessedV1], delivery: Delivery) -> None:
        """Triage the complaint again, once for each assessment."""
        data = event.data
        assessment = Assessment(
            complaint_id=data.complaint_id,
            version=event.version,
            severity=severity_of(data.severity),
            product=data.product,
            category=data.category,
            taken=step_of(event),
        )
        decision = await self.triage(assessment, because_of(event), delivery)
        if decision is not None:
            REVIEWS.labels(decision.verdict.outcome.value).inc()
