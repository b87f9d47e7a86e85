"""On `action.completed`: the complaint shows that it is done."""

from common.clock import Clock
from events.contracts.capa import ActionCompletedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.domain.progress import ActionSeen
from intake.usecases.follow_action import FollowAction

_PARENT = "nonconformity"


def on_action_completed(follow: FollowAction, clock: Clock) -> Handler:
    """Make the handler; actions of anything but a nonconformity belong to no complaint."""

    async def handle(event: Event[ActionCompletedV1], delivery: Delivery) -> None:
        told = event.data
        if told.parent_kind != _PARENT:
            return
        seen = ActionSeen(
            action_id=told.action_id,
            number=told.number,
            nonconformity_id=told.parent_id,
            version=event.version,
            seen_at=clock(),
            state="completed",
        )
        await follow(seen, delivery)

    return handle
