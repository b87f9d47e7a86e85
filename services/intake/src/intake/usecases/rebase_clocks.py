"""Rebase clocks: count those that run anew by the present policy, which changes nothing of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.actor import Actor
from intake.domain.clocks.following import Change
from intake.domain.clocks.happening import situation_of
from intake.domain.clocks.rebasing import Rebased, rebase, trace_rebased
from intake.usecases.clockwork import Clockwork
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import Clock, StartWork


@dataclass(frozen=True, slots=True)
class Order:
    """Who has it done, and why."""

    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class RebasedComplaint:
    """A complaint by its number, and its clocks that come out otherwise."""

    number: str
    clocks: Sequence[Rebased]


@dataclass(frozen=True, slots=True)
class Part:
    """So many complaints with open clocks: those whose clocks come out otherwise, and where to go on; None at the end."""

    found: Sequence[RebasedComplaint]
    looked: int
    next: UUID | None


class RebaseClocks:
    """Looks over complaints with open clocks, and changes them only by order."""

    def __init__(self, start_work: StartWork, clock: Clock, clockwork: Clockwork) -> None:
        self._start_work = start_work
        self._clock = clock
        self._clockwork = clockwork

    async def __call__(self, after: UUID | None, *, order: Order | None, limit: int = 100) -> Part:
        """Take the next complaints, each in a transaction of its own; without an order nothing is written.

        By order each clock gets a new generation, its deadline is told, and the complaint's history says who, why and
        what was before.
        """
        async with self._start_work() as work:
            ids = await work.clocks.open_after(after, limit)
        found = [each for complaint_id in ids if (each := await self._one(complaint_id, order)) is not None]
        return Part(found, len(ids), ids[-1] if len(ids) == limit else None)

    async def _one(self, complaint_id: UUID, order: Order | None) -> RebasedComplaint | None:
        changes: list[Change] = []
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(str(complaint_id), source_system=None)
            situation = situation_of(kept.complaint, await work.handlings.of(complaint_id))
            now = self._clock()
            rebased = rebase(self._clockwork.policy, situation, await work.clocks.of(complaint_id), now=now)
            if rebased and order is not None:
                changes = [change for each in rebased for change in each.changes]
                await self._clockwork.write(work, kept.complaint, changes, Cause(order.actor, now))
                trace = trace_rebased(
                    rebased, last=kept.last, actor=order.actor, reason=order.reason, now=now
                )
                await work.complaints.trace(complaint_id, trace)
        self._clockwork.counted(changes)
        return RebasedComplaint(kept.complaint.number, rebased) if rebased else None
