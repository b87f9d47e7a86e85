"""Takes a step of a nonconformity: describe, decide what is done with it and whether a case is needed, close."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from capa.domain.facts import (
    CaseNeedDecided,
    ComplaintLinked,
    NonconformityClosed,
    NonconformityDescribed,
    NonconformityDispositioned,
)
from capa.domain.nonconformity import Nonconformity
from capa.domain.nonconformity_steps import Command, Surroundings
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StartWork
from common.clock import Clock


@dataclass(frozen=True, slots=True)
class NonconformityTarget:
    """Which nonconformity, by id or number, and which version of it the caller read; None asks for no check."""

    nonconformity: UUID | str
    version: int | None


@dataclass(frozen=True, slots=True)
class TakeNonconformityStep:
    """Takes one step: all of it happens and is announced, or nothing."""

    start_work: StartWork
    clock: Clock
    announcer: Announcer

    async def __call__(self, target: NonconformityTarget, command: Command, cause: Cause) -> Nonconformity:
        """Give the nonconformity after the step."""
        async with self.start_work() as work:
            value = await work.nonconformities.get(target.nonconformity)
            value.expect(target.version)
            now = self.clock()
            around = Surroundings(
                await work.actions.of_parent(value.id), await work.nonconformities.cases(value.id)
            )
            changed, fact = command.take(value, around, by=str(cause.actor), now=now)
            await work.nonconformities.save(
                changed, chronicle.of_nonconformity(changed, fact, now, cause.actor)
            )
            match fact:
                case NonconformityDispositioned():
                    work.announce(self.announcer.dispositioned(changed, now, cause))
                case NonconformityClosed():
                    work.announce(self.announcer.closed(changed, cause))
                case ComplaintLinked():
                    work.announce(self.announcer.linked(changed, fact, now, cause))
                case NonconformityDescribed() | CaseNeedDecided():
                    pass
                case never:
                    assert_never(never)
            return changed
