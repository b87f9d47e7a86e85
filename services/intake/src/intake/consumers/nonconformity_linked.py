"""On `nonconformity.linked`: the further complaint shows the nonconformity that it belongs to."""

from common.clock import Clock
from events.contracts.capa import NonconformityLinkedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.consumers.notes_of_capa import note_of_linked
from intake.domain.progress import NonconformitySeen
from intake.usecases.follow_nonconformity import FollowNonconformity


def on_nonconformity_linked(follow: FollowNonconformity, clock: Clock) -> Handler:
    """Make the handler."""

    async def handle(event: Event[NonconformityLinkedV1], delivery: Delivery) -> None:
        linked = event.data
        seen = NonconformitySeen(
            nonconformity_id=linked.nonconformity_id,
            number=linked.number,
            complaint_id=linked.complaint_id,
            version=event.version,
            seen_at=clock(),
        )
        await follow(seen, note_of_linked(event), delivery)

    return handle
