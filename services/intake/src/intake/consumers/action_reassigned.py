"""On `action.reassigned`: the complaint shows the new owner."""

from common.clock import Clock
from events.contracts.capa import ActionReassignedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.domain.progress import ActionSeen
from intake.usecases.follow_action import FollowAction

_PARENT = "nonconformity"


def on_action_reassigned(follow: FollowAction, clock: Clock) -> Handler:
    """Make the handler; actions of anything but a nonconformity belong to no complaint."""

    async def handle(event: Event[ActionReassignedV1], delivery: Delivery) -> None:
        told = event.data
        if told.parent_kind != _PARENT:
            return
        seen = ActionSeen(
            action_id=told.action_id,
            number=told.number,
            nonconformity_id=told.parent_id,
            version=event.version,
            seen_at=clock(),
            owner=told.owner,
            team=told.team,
        )
        await follow(seen, delivery)

    return handle
