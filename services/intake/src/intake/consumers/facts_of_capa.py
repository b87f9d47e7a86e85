"""On whatever else capa tells: complaints show what triage decided, their nonconformity, and who must do what by when."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from common.clock import Clock
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionEvidenceRejectedV1,
    ActionReassignedV1,
    ActionVerifiedV1,
    NonconformityClosedV1,
    NonconformityDispositionedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    NonconformitySeverityRaisedV1,
    TriageDecidedV1,
)
from events.delivery import Claim, Delivered
from events.envelope import Contract, Event
from intake.consumers.notes_of_capa import (
    ActionTold,
    note_of_action,
    note_of_linked,
    note_of_moved,
    note_of_raised,
    note_of_severity,
    note_of_triage,
)
from intake.domain.progress import ActionSeen, NonconformityMoved, NonconformitySeen, TriageSeen
from intake.domain.timeline import Note
from intake.usecases.follow_capa import Fact, FollowCapa, Followed

NONCONFORMITY: Final = "nonconformity"
"""The kind of parent whose actions complaints show."""

_STATE: Final[Mapping[type[Contract], str]] = {
    ActionCompletedV1: "completed",
    # What does not show that it was done leaves it to be done.
    ActionEvidenceRejectedV1: "open",
    ActionVerifiedV1: "verified",
    ActionCancelledV1: "cancelled",
}


def _triage_seen(event: Event[TriageDecidedV1], now: datetime) -> TriageSeen:
    decided = event.data
    return TriageSeen(
        complaint_id=decided.complaint_id,
        outcome=decided.outcome.value,
        reason=decided.reason,
        explanation=decided.explanation,
        policy_version=decided.policy_version,
        decided_at=decided.decided_at,
        nonconformity_id=decided.nonconformity_id,
        nonconformity_number=decided.nonconformity_number,
        version=event.version,
        seen_at=now,
    )


def _nonconformity_seen(
    event: Event[NonconformityRaisedV1 | NonconformityLinkedV1 | NonconformitySeverityRaisedV1], now: datetime
) -> NonconformitySeen:
    told = event.data
    return NonconformitySeen(
        nonconformity_id=told.nonconformity_id,
        number=told.number,
        complaint_id=told.complaint_id,
        version=event.version,
        seen_at=now,
    )


def _moved(
    event: Event[NonconformityDispositionedV1 | NonconformityClosedV1], now: datetime
) -> NonconformityMoved:
    told = event.data
    return NonconformityMoved(
        nonconformity_id=told.nonconformity_id,
        number=told.number,
        state="closed" if isinstance(told, NonconformityClosedV1) else "dispositioned",
        version=event.version,
        seen_at=now,
    )


def action_seen(event: Event[ActionTold], now: datetime) -> ActionSeen:
    """Tell what one event says of an action of a nonconformity."""
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


_TELLING: Final[Mapping[type[Contract], tuple[Callable[..., Fact], Callable[..., Note | None]]]] = {
    TriageDecidedV1: (_triage_seen, note_of_triage),
    NonconformityRaisedV1: (_nonconformity_seen, note_of_raised),
    NonconformityLinkedV1: (_nonconformity_seen, note_of_linked),
    NonconformitySeverityRaisedV1: (_nonconformity_seen, note_of_severity),
    NonconformityDispositionedV1: (_moved, note_of_moved),
    NonconformityClosedV1: (_moved, note_of_moved),
    ActionAssignedV1: (action_seen, note_of_action),
    ActionReassignedV1: (action_seen, note_of_action),
    ActionDueChangedV1: (action_seen, note_of_action),
    ActionEvidenceRejectedV1: (action_seen, note_of_action),
    ActionVerifiedV1: (action_seen, note_of_action),
    ActionCancelledV1: (action_seen, note_of_action),
}
FACTS: Final = tuple(_TELLING)
"""What is followed together."""


@dataclass(frozen=True, slots=True)
class OnFactsOfCapa:
    """Handles all of FACTS, several at once where several wait."""

    follow: FollowCapa
    clock: Clock

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Keep each fact once."""
        now = self.clock()
        return await self.follow([_followed(each, now) for each in delivered])


def _followed(delivered: Delivered, now: datetime) -> Followed:
    event, told = delivered.event, delivered.event.data
    if getattr(told, "parent_kind", NONCONFORMITY) != NONCONFORMITY:
        # An action of anything else belongs to no complaint.
        return Followed(delivered.delivery, None)
    fact_of, note_of = _TELLING[type(told)]
    return Followed(delivered.delivery, fact_of(event, now), note_of(event))
