"""On `action.cancelled`: the complaint shows that it is no longer needed."""

from common.clock import Clock
from events.contracts.capa import ActionCancelledV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.domain.progress import ActionSeen
from intake.usecases.follow_action import FollowAction

_PARENT = "nonconformity"


def on_action_cancelled(follow: FollowAction, clock: Clock) -> Handler:
    """Make the handler; actions of anything but a nonconformity belong to no complaint."""

    async def handle(event: Event[ActionCancelledV1], delivery: Delivery) -> None:
        told = event.data
        if told.parent_kind != _PARENT:
            return
        seen = ActionSeen(
            action_id=told.action_id,
            number=told.number,
            nonconformity_id=told.parent_id,
            version=event.version,
            seen_at=clock(),
            state="cancelled",
        )
        await follow(seen, delivery)

    return handle
