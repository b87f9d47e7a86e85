"""Takes a step of a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from capa.domain import action_checks
from capa.domain.action import Action
from capa.domain.action import State as ActionState
from capa.domain.case.case import Case
from capa.domain.case.command import Command, Taken
from capa.domain.case.facts import Cancelled, PlanApproved
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import RecordLink
from capa.domain.errors import LinkUnknown
from capa.domain.facts import ActionFact
from capa.domain.risk import CasePolicy
from capa.usecases import chronicle
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.cause import Cause
from capa.usecases.give_action import CaseTarget
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StartWork, Work
from common.clock import Clock
from common.refusals import FieldError


@dataclass(frozen=True, slots=True)
class TakeCaseStep:
    """Takes one step of one case, with what it means for the case's actions: all of it happens and is announced, or nothing."""

    start_work: StartWork
    clock: Clock
    announcer: CaseAnnouncer
    of_actions: Announcer
    policy: CasePolicy

    async def __call__(self, target: CaseTarget, command: Command, cause: Cause) -> Case:
        """Give the case after the step."""
        async with self.start_work() as work:
            case = await work.cases.get(target.case)
            case.expect(target.version)
            await require_known(work, command.names)
            now = self.clock()
            actions = await work.actions.of_parent(case.id)
            around = Circumstances(
                by=str(cause.actor), rights=cause.rights, now=now, policy=self.policy, actions=actions
            )
            taken = command.take(case, around)
            await keep(work, case, taken, command.step.value, at=now, cause=cause)
            work.announce(*self.announcer.of_case(taken.case, taken.facts, now, cause))
            for action in actions:
                await self._move(work, action, taken, now, cause)
            return taken.case

    async def _move(self, work: Work, action: Action, taken: Taken, now: datetime, cause: Cause) -> None:
        moved = _moved(action, taken, now)
        if moved is not None:
            after, fact = moved
            await work.actions.save(after, chronicle.of_action(after, fact, now, cause.actor))
            work.announce(*self.of_actions.of_action(after, fact, now, cause))


async def require_known(work: Work, names: Sequence[RecordLink]) -> None:
    """Refuse with LinkUnknown where one of these records does not exist."""
    if unknown := await work.cases.unknown(names):
        raise LinkUnknown(
            f"There is no {unknown[0].kind} {unknown[0].id}.",
            FieldError("", "link_unknown", "No such record.", "name nonconformities and cases by id"),
        )


async def keep(work: Work, case: Case, taken: Taken, step: str, *, at: datetime, cause: Cause) -> None:
    """Write a case after a step, its line of history, and what was signed."""
    change = chronicle.of_case(case, taken.case, step, at=at, actor=cause.actor, reason=taken.reason)
    await work.cases.save(taken.case, change, taken.signed)


def _moved(action: Action, taken: Taken, now: datetime) -> tuple[Action, ActionFact] | None:
    for fact in taken.facts:
        match fact:
            case PlanApproved() if action.state is ActionState.PLANNED:
                return action_checks.open_planned(action)
            case Cancelled() if action.state in {ActionState.PLANNED, ActionState.OPEN}:
                return action.cancel(reason="the case was cancelled", now=now)
            case _:
                pass
    return None
