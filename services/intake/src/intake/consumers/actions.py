"""On whatever capa tells of an action: the complaint shows who must do what by when, and whether it is done."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from common.clock import Clock
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionEvidenceRejectedV1,
    ActionReassignedV1,
    ActionVerifiedV1,
)
from events.delivery import Delivery, Handler
from events.envelope import Contract, Event
from intake.consumers.notes_of_capa import ActionTold, note_of_action
from intake.domain.progress import ActionSeen
from intake.usecases.follow_action import FollowAction

_PARENT = "nonconformity"
_STATE: Mapping[type[Contract], str] = {
    ActionCompletedV1: "completed",
    # What does not show that it was done leaves it to be done.
    ActionEvidenceRejectedV1: "open",
    ActionVerifiedV1: "verified",
    ActionCancelledV1: "cancelled",
}


def on_action(follow: FollowAction, clock: Clock) -> Handler:
    """Make the handler; actions of anything but a nonconformity belong to no complaint."""

    async def handle(event: Event[ActionTold], delivery: Delivery) -> None:
        if event.data.parent_kind == _PARENT:
            told = event.data
            completed_at = told.completed_at if isinstance(told, ActionCompletedV1) else None
            await follow(_seen(event, clock()), note_of_action(event), delivery, completed_at=completed_at)

    return handle


def _seen(event: Event[ActionTold], now: datetime) -> ActionSeen:
    told = event.data
    seen = ActionSeen(
        action_id=told.action_id,
        number=told.number,
        nonconformity_id=told.parent_id,
        version=event.version,
        seen_at=now,
    )
    match told:
        case ActionAssignedV1(kind=kind, owner=owner, team=team, due_at=due_at):
            return replace(seen, state="open", kind=kind.value, owner=owner, team=team, due_at=due_at)
        case ActionReassignedV1(owner=owner, team=team):
            return replace(seen, owner=owner, team=team)
        case ActionDueChangedV1(due_at=due_at):
            return replace(seen, due_at=due_at)
        case ActionCompletedV1() | ActionEvidenceRejectedV1() | ActionVerifiedV1() | ActionCancelledV1():
            return replace(seen, state=_STATE[type(told)])
        case never:
            assert_never(never)
