"""Confirms a signal: it raises a nonconformity from its evidence or joins an open one, or a recurrence leads to a case."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from capa.domain import triage
from capa.domain.case.values import Proposal
from capa.domain.complaint import Complaint
from capa.domain.errors import NothingToRaiseFrom, SignalStepNotPossible
from capa.domain.nonconformity import Nonconformity
from capa.domain.policy import TriagePolicy
from capa.domain.signals.signal import Signal, Step
from capa.usecases.answer_recurrence import AnswerRecurrence
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Nearby, StartWork, Work
from capa.usecases.signal_ports import Evidence
from capa.usecases.signal_telling import evaluated, moving
from capa.usecases.sitting import Decided, Sitting
from capa.usecases.step import Target
from common.clock import Clock
from common.refusals import FieldError

MOST_EVIDENCE: Final = 500
"""At most so many complaints of the evidence are linked to the nonconformity, the newest ones."""


@dataclass(frozen=True, slots=True)
class ConfirmSignal:
    """Takes a signal for real; the nonconformity is raised or joined by the mechanism of triage, in one transaction."""

    start_work: StartWork
    clock: Clock
    policy: TriagePolicy
    announcer: Announcer
    answer: AnswerRecurrence

    async def __call__(
        self, target: Target, *, reason: str, follow: Proposal | None = None, cause: Cause
    ) -> Signal:
        """Give the signal as confirmed, with its nonconformity, or the case that its recurrence led to."""
        async with self.start_work() as work:
            signal = await work.signals.get(target.action)
            signal.expect(target.version)
            signal.require(Step.CONFIRM)
            now = self.clock()
            more: dict[str, object] = {}
            if signal.episode.case_id is None:
                _require_no_other_way(signal, follow)
                nonconformity = await self._nonconformity(work, signal, reason.strip(), cause)
                confirmed = signal.confirm(nonconformity_id=nonconformity, reason=reason, now=now)
                more["nonconformity_id"] = str(nonconformity)
            else:
                led_to = await self.answer.confirmed(
                    work, signal, follow=follow, reason=reason.strip(), now=now, cause=cause
                )
                confirmed = signal.confirm(led_to=led_to, reason=reason, now=now)
                more["led_to"] = str(led_to)
            await work.signals.save(confirmed, moving(confirmed, now, cause, **more))
            work.announce(evaluated(confirmed, now, cause))
            return confirmed

    async def _nonconformity(self, work: Work, signal: Signal, reason: str, cause: Cause) -> UUID:
        evidence = await work.signals.evidence(signal, MOST_EVIDENCE)
        if not evidence:
            raise NothingToRaiseFrom(
                f"No complaint is evidence of {signal.number} any more: they were corrected since. Dismiss it instead."
            )
        # What belongs to a nonconformity already stays there.
        free = [each for each in evidence if not each.linked]
        gravest = max(free or evidence, key=lambda each: each.complaint.severity.rank)
        standing = await work.triage.open_near([self._place(gravest.complaint)])
        numbers = await work.triage.next_numbers(0 if standing else 1)
        sitting = Sitting(self.policy, self.announcer, standing=standing, numbers=numbers, now=self.clock())
        decided: list[Decided] = []
        if standing:
            nearest = triage.nearest_to(gravest.complaint, standing)
        else:
            decided.append(_decide(sitting, signal, reason, gravest, None, cause=cause))
            nearest = _nonconformity_of(decided[-1])
            free = [each for each in free if each is not gravest]
        for each in free:
            # A signal of all categories of a product has evidence about other things too.
            if each.complaint.category == nearest.category:
                decided.append(_decide(sitting, signal, reason, each, nearest, cause=cause))
                nearest = _nonconformity_of(decided[-1])
        await work.triage.keep([(each.decision, each.effect) for each in decided])
        work.announce(*(event for each in decided for event in each.events))
        return nearest.id

    def _place(self, complaint: Complaint) -> Nearby:
        earliest, latest = self.policy.anchors_near(complaint.received_at)
        return Nearby(complaint.product, complaint.category, earliest, latest)


def _decide(
    sitting: Sitting,
    signal: Signal,
    reason: str,
    evidence: Evidence,
    target: Nonconformity | None,
    *,
    cause: Cause,
) -> Decided:
    verdict = triage.judge_confirmed(evidence.complaint, signal.number, reason, target)
    return sitting.record(evidence.complaint, verdict, cause, ordinal=evidence.ordinal + 1, trigger="signal")


def _nonconformity_of(decided: Decided) -> Nonconformity:
    if decided.effect is None:
        raise ValueError("a confirmed signal leads to a nonconformity")
    return decided.effect.nonconformity


def _require_no_other_way(signal: Signal, follow: Proposal | None) -> None:
    if follow is not None:
        raise SignalStepNotPossible(
            f"Signal {signal.number} is no recurrence of a closed case: leave `follow` out.",
            FieldError("/follow", SignalStepNotPossible.code, "It is about no case.", "leave it out"),
        )
