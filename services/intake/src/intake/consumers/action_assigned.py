"""On `action.assigned`: the complaint shows who must do what by when."""

from common.clock import Clock
from events.contracts.capa import ActionAssignedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.domain.progress import ActionSeen
from intake.usecases.follow_action import FollowAction

_PARENT = "nonconformity"


def on_action_assigned(follow: FollowAction, clock: Clock) -> Handler:
    """Make the handler; actions of anything but a nonconformity belong to no complaint."""

    async def handle(event: Event[ActionAssignedV1], delivery: Delivery) -> None:
        told = event.data
        if told.parent_kind != _PARENT:
            return
        seen = ActionSeen(
            action_id=told.action_id,
            number=told.number,
            nonconformity_id=told.parent_id,
            version=event.version,
            seen_at=clock(),
            state="open",
            kind=told.kind.value,
            owner=told.owner,
            team=told.team,
            due_at=told.due_at,
        )
        await follow(seen, delivery)

    return handle
