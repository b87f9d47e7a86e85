"""On `nonconformity.dispositioned` and `.closed`: its complaints show where it stands."""

from common.clock import Clock
from events.contracts.capa import NonconformityClosedV1, NonconformityDispositionedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.consumers.notes_of_capa import note_of_moved
from intake.domain.progress import NonconformityMoved
from intake.usecases.follow_nonconformity import FollowNonconformity

Moved = NonconformityDispositionedV1 | NonconformityClosedV1
"""What moves a nonconformity on."""


def on_nonconformity_progress(follow: FollowNonconformity, clock: Clock) -> Handler:
    """Make the handler."""

    async def handle(event: Event[Moved], delivery: Delivery) -> None:
        told = event.data
        moved = NonconformityMoved(
            nonconformity_id=told.nonconformity_id,
            number=told.number,
            state="closed" if isinstance(told, NonconformityClosedV1) else "dispositioned",
            version=event.version,
            seen_at=clock(),
        )
        await follow.moved(moved, note_of_moved(event), delivery)

    return handle
