"""Take a step of a complaint: the one way in which a complaint gets on.

Whatever follows from a step in its transaction is done here, from the facts that the domain gives: the history, the
announcements. Clocks are set, met and paused at the same place.
"""

from dataclasses import dataclass

from common.actor import Actor
from common.refusals import require_version
from intake.domain.clocks.happening import happenings_of, situation_of
from intake.domain.lifecycle.commands import Link, WaiveInvestigation
from intake.domain.lifecycle.guards import Situation
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.domain.lifecycle.taking import AnyCommand, Taken, take
from intake.domain.lifecycle.tracing import trace_step
from intake.usecases.clockwork import Clockwork
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.outgoing_steps import published_step
from intake.usecases.ports import Clock, StartWork


@dataclass(frozen=True, slots=True)
class Errand:
    """Which complaint, read in which version (None: any), takes which step, and who has it done.

    `scopes` are the caller's, None where nobody's are asked; `within` is the source system whose complaints the caller may
    see, None for all.
    """

    reference: str
    expected: int | None
    command: AnyCommand
    actor: Actor
    scopes: frozenset[str] | None = None
    within: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None


class TakeStep:
    """Takes steps of complaints: all of a step happens, is in the history and is told, or nothing."""

    def __init__(
        self, start_work: StartWork, clock: Clock, policy: ClosingPolicy, clockwork: Clockwork
    ) -> None:
        self._start_work = start_work
        self._clock = clock
        self._policy = policy
        self._clockwork = clockwork

    async def __call__(self, errand: Errand) -> Taken:
        """Give the complaint after the step.

        Raises NoSuchComplaint, NoSuchOther, Stale, StepRefused, StepInvalid, FromTheFuture and ComplaintErased.
        """
        command = errand.command
        async with self._start_work() as work:
            held = await work.handlings.hold(
                errand.reference, beside=_beside(command), source_system=errand.within
            )
            require_version(errand.expected, held.case.complaint.version)
            # Taken with the complaint locked, so that its steps are in the order of their times.
            now = self._clock()
            situation = Situation(actor=errand.actor, now=now, policy=self._policy, scopes=errand.scopes)
            taken = take(command, held.case, situation, other=held.other)
            trace = trace_step(taken, last=held.last, actor=errand.actor, now=now)
            await work.handlings.save(taken, trace)
            # What ends beside the step, such as the waiting for the customer, is part of what is told of the step.
            told = published_step(
                taken.complaint,
                taken.facts[0],
                actor=errand.actor,
                now=now,
                traceparent=errand.traceparent,
                tracestate=errand.tracestate,
            )
            if told is not None:
                work.announce(told)
            changes = await self._clockwork.follow(
                work,
                taken.complaint,
                situation_of(taken.complaint, taken.handling),
                [each for fact in taken.facts for each in happenings_of(fact)],
                Cause(errand.actor, now, errand.traceparent, errand.tracestate),
            )
        self._clockwork.counted(changes)
        return taken


def _beside(command: AnyCommand) -> str | None:
    match command:
        case Link(master=master):
            return master
        case WaiveInvestigation(reuses=reused):
            return reused
        case _:
            return None
