"""Keeps up with a nonconformity that is graver than it was thought to be."""

from common.clock import Clock
from events.contracts.capa import NonconformitySeverityRaisedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.consumers.notes_of_capa import note_of_severity
from intake.domain.progress import NonconformitySeen
from intake.usecases.follow_nonconformity import FollowNonconformity


def on_nonconformity_severity_raised(follow: FollowNonconformity, clock: Clock) -> Handler:
    """Handle `nonconformity.severity_raised`."""

    async def handle(event: Event[NonconformitySeverityRaisedV1], delivery: Delivery) -> None:
        data = event.data
        seen = NonconformitySeen(
            nonconformity_id=data.nonconformity_id,
            number=data.number,
            complaint_id=data.complaint_id,
            version=event.version,
            seen_at=clock(),
        )
        await follow(seen, note_of_severity(event), delivery)

    return handle
