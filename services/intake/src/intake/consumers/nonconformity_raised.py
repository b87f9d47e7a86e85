"""On `nonconformity.raised`: the complaint that it came from shows it."""

from common.clock import Clock
from events.contracts.capa import NonconformityRaisedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.consumers.notes_of_capa import note_of_raised
from intake.domain.progress import NonconformitySeen
from intake.usecases.follow_nonconformity import FollowNonconformity


def on_nonconformity_raised(follow: FollowNonconformity, clock: Clock) -> Handler:
    """Make the handler."""

    async def handle(event: Event[NonconformityRaisedV1], delivery: Delivery) -> None:
        raised = event.data
        seen = NonconformitySeen(
            nonconformity_id=raised.nonconformity_id,
            number=raised.number,
            complaint_id=raised.complaint_id,
            version=event.version,
            seen_at=clock(),
        )
        await follow(seen, note_of_raised(event), delivery)

    return handle
