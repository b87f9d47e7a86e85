"""Shows a complaint anew when its source amended it."""

from dataclasses import dataclass

from capa.consumers.severity import severity_of
from capa.usecases.amend_complaint import AmendComplaint
from capa.usecases.ports import Amendment
from events.contracts.intake import ComplaintAmendedV1
from events.delivery import Delivery
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnComplaintAmended:
    """Handles `complaint.amended`."""

    amend: AmendComplaint

    async def __call__(self, event: Event[ComplaintAmendedV1], delivery: Delivery) -> None:
        """Apply the amendment once; what was decided stays."""
        data = event.data
        amendment = Amendment(
            complaint_id=data.complaint_id,
            version=event.version,
            severity=severity_of(data.reported_severity),
            product=data.product,
            category=data.category,
            # An intake that knows of no sites says nothing of one, which empties none.
            tells_site="site" in data.model_fields_set,
            site=data.site,
        )
        await self.amend(amendment, delivery)
