"""What tells an action as it stands, to whoever may know nothing of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from capa.domain.action import Action, State
from capa.domain.facts import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionGiven,
    ActionVerified,
    DueChanged,
)
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StandingAction
from common.actor import Actor
from events.contracts.deadline import DeadlineSetV1
from events.envelope import Contract, Event


def tell_action(standing: StandingAction, announcer: Announcer) -> Sequence[Event[Contract]]:
    """Tell who has it and by when, and how it ended.

    What came before an end is told with the version before it, so that whoever knows the end takes none of it. An ended
    action's deadline is not set again: it is only met or voided, so that nobody is reminded of what is done.
    """
    action, last = standing.action, standing.last
    cause = Cause(Actor.parse(last.actor))
    match action.state:
        case State.PLANNED:
            return ()
        case State.OPEN:
            return _as_open(action, standing, announcer, cause)
        case State.COMPLETED:
            end = announcer.of_action(action, ActionCompleted(), last.at, cause)
        case State.VERIFIED:
            done = replace(action, version=action.version - 1)
            end = (
                *announcer.of_action(done, ActionCompleted(), last.at, cause),
                *announcer.of_action(action, ActionVerified(""), last.at, cause),
            )
        case State.CANCELLED:
            end = announcer.of_action(action, ActionCancelled(last.reason), last.at, cause)
        case never:
            assert_never(never)
    before = replace(action, version=end[0].version - 1) if end else action
    beginning = _as_open(before, standing, announcer, cause)
    return *(event for event in beginning if not isinstance(event.data, DeadlineSetV1)), *end


def _as_open(
    action: Action, standing: StandingAction, announcer: Announcer, cause: Cause
) -> Sequence[Event[Contract]]:
    at = standing.last.at
    if action.owner is not None:
        return announcer.of_action(action, ActionAssigned(action.team, ""), at, cause)
    moved = standing.due_moved
    if moved is not None:
        change: Any = moved.changes["due_at"]
        fact = DueChanged(datetime.fromisoformat(change["from"]), moved.reason)
        return announcer.of_action(action, fact, at, cause)
    return announcer.of_action(action, ActionGiven(), at, cause)
