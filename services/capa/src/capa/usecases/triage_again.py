"""Decides about a complaint again, once it was assessed."""

from dataclasses import dataclass

from capa.domain import triage
from capa.domain.complaint import Complaint
from capa.domain.nonconformity import Nonconformity
from capa.domain.policy import TriagePolicy
from capa.domain.triage import Decision
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Assessment, Belonging, Nearby, StartWork, Work, Worsened
from capa.usecases.sitting import Decided, Sitting, count_raised
from common.clock import Clock
from common.ids import new_id
from events.delivery import Delivery
from events.envelope import Contract, Event


@dataclass(frozen=True, slots=True)
class TriageAgain:
    """Takes a further decision: a complaint that was declined may raise a nonconformity or join one by what was assessed.

    One that belongs to a nonconformity stays there and may raise its severity. A complaint that has ended leads to nothing
    any more.
    """

    start_work: StartWork
    clock: Clock
    policy: TriagePolicy
    announcer: Announcer

    async def __call__(self, assessment: Assessment, cause: Cause, once: Delivery) -> Decision | None:
        """Decide once; None where there was nothing to decide."""
        async with self.start_work(once) as work:
            await work.handling.keep([assessment.taken])
            complaint = await work.triage.assess(assessment)
            if complaint is None:
                return None
            belonging = await work.triage.belonging(complaint.id)
            if belonging.nonconformity is None:
                decided = await self._anew(work, complaint, belonging, cause)
            else:
                decided = self._there(complaint, belonging, belonging.nonconformity, cause)
            await work.triage.keep([(decided.decision, decided.effect)])
            work.announce(*decided.events)
        return decided.decision

    async def _anew(self, work: Work, complaint: Complaint, belonging: Belonging, cause: Cause) -> Decided:
        places = []
        if triage.may_link(self.policy, complaint):
            earliest, latest = self.policy.anchors_near(complaint.received_at)
            places = [Nearby(complaint.product, complaint.category, earliest, latest)]
        standing = await work.triage.open_near(places)
        sitting = Sitting(
            self.policy,
            self.announcer,
            standing=standing,
            numbers=await work.triage.next_numbers(count_raised(self.policy, [complaint], standing)),
            now=self.clock(),
        )
        return sitting.decide(complaint, cause, ordinal=belonging.ordinal + 1, trigger="assessed")

    def _there(
        self, complaint: Complaint, belonging: Belonging, target: Nonconformity, cause: Cause
    ) -> Decided:
        now, verdict = self.clock(), triage.judge_again(complaint, belonging.outcome, target)
        effect, events = None, list[Event[Contract]]()
        if triage.is_graver(complaint, target):
            target, fact = target.worsen(complaint)
            effect = Worsened(target, chronicle.of_severity(target, fact, now, cause.actor))
            events.append(self.announcer.severity_raised(target, fact, now, cause))
        decision = Decision(
            id=new_id(),
            complaint=complaint,
            ordinal=belonging.ordinal + 1,
            trigger="assessed",
            verdict=verdict,
            policy_version=self.policy.version,
            decided_at=now,
            nonconformity_id=target.id,
        )
        return Decided(decision, effect, (self.announcer.decided(decision, target, cause), *events))
