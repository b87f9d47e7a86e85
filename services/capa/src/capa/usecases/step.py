"""What the steps of an action share: its transaction, its history and its announcement."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from capa.domain.action import Action
from capa.domain.facts import ActionFact
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StartWork
from capa.usecases.void_signatures import void_signatures
from common.clock import Clock

Move = Callable[[Action, datetime], tuple[Action, ActionFact]]
"""Lets the domain take the step at an instant, or refuse."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which action, by id or number, and which version of it the caller read; None asks for no check."""

    action: UUID | str
    version: int | None


@dataclass(frozen=True, slots=True)
class TakeStep:
    """Takes one step of one action: all of it happens and is announced, or nothing."""

    start_work: StartWork
    clock: Clock
    announcer: Announcer

    async def __call__(self, target: Target, move: Move, cause: Cause) -> Action:
        """Give the action after the step."""
        async with self.start_work() as work:
            case_id = await work.actions.case_of(target.action)
            # The case first, as whoever works on the case does: so no two wait for each other.
            case = None if case_id is None else await work.cases.get(case_id)
            action = await work.actions.get(target.action)
            action.expect(target.version)
            now = self.clock()
            moved, fact = move(action, now)
            await work.actions.save(moved, chronicle.of_action(moved, fact, now, cause.actor))
            work.announce(*self.announcer.of_action(moved, fact, now, cause))
            if case is not None:
                await void_signatures(work, case, at=now, actor=cause.actor, because=moved.number)
            return moved
