"""On `action.completed`: the complaint shows it as done, and what waits for a containment does not wait any more."""

from common.clock import Clock
from events.contracts.capa import ActionCompletedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.consumers.facts_of_capa import NONCONFORMITY, action_seen
from intake.consumers.notes_of_capa import note_of_action
from intake.usecases.follow_completion import FollowCompletion


def on_action_completed(follow: FollowCompletion, clock: Clock) -> Handler:
    """Make the handler; actions of anything but a nonconformity belong to no complaint."""

    async def handle(event: Event[ActionCompletedV1], delivery: Delivery) -> None:
        if event.data.parent_kind == NONCONFORMITY:
            seen, note = action_seen(event, clock()), note_of_action(event)
            await follow(seen, note, delivery, completed_at=event.data.completed_at)

    return handle
