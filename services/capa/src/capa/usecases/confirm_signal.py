"""Confirms a signal, which raises a nonconformity from its evidence or joins an open one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from capa.domain import triage
from capa.domain.complaint import Complaint
from capa.domain.errors import NothingToRaiseFrom
from capa.domain.nonconformity import Nonconformity
from capa.domain.policy import TriagePolicy
from capa.domain.signals.signal import Signal, Step
from capa.domain.triage import Outcome
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Nearby, StartWork, Work
from capa.usecases.signal_ports import Evidence
from capa.usecases.signal_telling import evaluated, moving
from capa.usecases.sitting import Sitting
from capa.usecases.step import Target
from common.clock import Clock

MOST_EVIDENCE: Final = 500
"""At most so many complaints are looked at for one that a nonconformity can be raised from, the newest ones."""


@dataclass(frozen=True, slots=True)
class ConfirmSignal:
    """Takes a signal for real; the nonconformity is raised or joined by the mechanism of triage, in one transaction."""

    start_work: StartWork
    clock: Clock
    policy: TriagePolicy
    announcer: Announcer

    async def __call__(self, target: Target, *, reason: str, cause: Cause) -> Signal:
        """Give the signal as confirmed, with its nonconformity."""
        async with self.start_work() as work:
            signal = await work.signals.get(target.action)
            signal.expect(target.version)
            signal.require(Step.CONFIRM)
            nonconformity = await self._nonconformity(work, signal, reason.strip(), cause)
            now = self.clock()
            confirmed = signal.confirm(nonconformity_id=nonconformity, reason=reason, now=now)
            change = moving(confirmed, now, cause, nonconformity_id=str(nonconformity))
            await work.signals.save(confirmed, change)
            work.announce(evaluated(confirmed, now, cause))
            return confirmed

    async def _nonconformity(self, work: Work, signal: Signal, reason: str, cause: Cause) -> UUID:
        evidence = await work.signals.evidence(signal, MOST_EVIDENCE)
        if not evidence:
            raise NothingToRaiseFrom(
                f"No complaint is evidence of {signal.number} any more: they were corrected since. Dismiss it instead."
            )
        newest = evidence[0]
        standing = await work.triage.open_near([self._place(newest.complaint)])
        chosen = newest if standing else _raiser(signal, evidence)
        return await self._carry_out(work, signal, reason, chosen, standing, cause=cause)

    async def _carry_out(
        self,
        work: Work,
        signal: Signal,
        reason: str,
        chosen: Evidence,
        standing: Sequence[Nonconformity],
        *,
        cause: Cause,
    ) -> UUID:
        verdict = triage.judge_confirmed(chosen.complaint, signal.number, reason, standing)
        if verdict.target is not None and verdict.target.id in chosen.linked:
            return verdict.target.id
        numbers = await work.triage.next_numbers(1 if verdict.outcome is Outcome.RAISED else 0)
        sitting = Sitting(self.policy, self.announcer, standing=standing, numbers=numbers, now=self.clock())
        decided = sitting.record(
            chosen.complaint, verdict, cause, ordinal=chosen.ordinal + 1, trigger="signal"
        )
        await work.triage.keep([(decided.decision, decided.effect)])
        work.announce(*decided.events)
        if decided.effect is None:
            raise ValueError("a confirmed signal leads to a nonconformity")
        return decided.effect.nonconformity.id

    def _place(self, complaint: Complaint) -> Nearby:
        earliest, latest = self.policy.anchors_near(complaint.received_at)
        return Nearby(complaint.product, complaint.category, earliest, latest)


def _raiser(signal: Signal, evidence: Sequence[Evidence]) -> Evidence:
    # A complaint raises a nonconformity once.
    for each in evidence:
        if not each.raised:
            return each
    raise NothingToRaiseFrom(
        f"Each complaint that is evidence of {signal.number} has raised a nonconformity, and none of them is open: raise one "
        "yourself, or dismiss the signal."
    )
