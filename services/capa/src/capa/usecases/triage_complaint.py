"""Decides what a complaint leads to: a nonconformity with an action, a link to an open one, or nothing and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from capa.domain import triage
from capa.domain.action import contain
from capa.domain.complaint import Complaint
from capa.domain.due import counted
from capa.domain.nonconformity import raise_from
from capa.domain.policy import TriagePolicy
from capa.domain.triage import Decision, Outcome, Verdict
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Linked, Raised, StartWork, Work
from common.clock import Clock
from common.ids import new_id
from events.delivery import Delivery
from events.envelope import Contract, Event


@dataclass(frozen=True, slots=True)
class TriageComplaint:
    """Takes the one decision about a complaint just received; due times are counted from the decision."""

    start_work: StartWork
    clock: Clock
    policy: TriagePolicy
    announcer: Announcer

    async def __call__(
        self, complaint: Complaint, cause: Cause, once: Delivery | None = None
    ) -> Outcome | None:
        """Decide, or do nothing and tell None where the decision was taken before."""
        async with self.start_work(once) as work:
            verdict = await self._judge(work, complaint)
            # The instant is taken with the pair's lock held, so that decisions about it are in the order of their times.
            now = self.clock()
            effect, events, nonconformity_id = await self._effect(work, complaint, verdict, cause, now)
            decision = Decision(
                id=new_id(),
                complaint=complaint,
                ordinal=1,
                trigger="received",
                verdict=verdict,
                policy_version=self.policy.version,
                decided_at=now,
                nonconformity_id=nonconformity_id,
            )
            if not await work.triage.keep(decision, effect):
                return None
            nonconformity = None if effect is None else effect.nonconformity
            work.announce(self.announcer.decided(decision, nonconformity, cause), *events)
            return verdict.outcome

    async def _judge(self, work: Work, complaint: Complaint) -> Verdict:
        if not triage.may_link(self.policy, complaint):
            return triage.judge(self.policy, complaint, ())
        earliest, latest = self.policy.anchors_near(complaint.received_at)
        nearby = await work.triage.open_near(complaint.product, complaint.category, earliest, latest)
        return triage.judge(self.policy, complaint, nearby)

    async def _effect(
        self, work: Work, complaint: Complaint, verdict: Verdict, cause: Cause, now: datetime
    ) -> tuple[Raised | Linked | None, tuple[Event[Contract], ...], UUID | None]:
        match verdict.outcome:
            case Outcome.DECLINED:
                return None, (), None
            case Outcome.LINKED:
                return self._link(complaint, verdict, cause, now)
            case Outcome.RAISED:
                return await self._raise(work, complaint, verdict, cause, now)
            case never:
                assert_never(never)

    def _link(
        self, complaint: Complaint, verdict: Verdict, cause: Cause, now: datetime
    ) -> tuple[Linked, tuple[Event[Contract], ...], UUID]:
        if verdict.target is None:
            raise ValueError("a link needs a nonconformity to link to")
        nonconformity, fact = verdict.target.link(complaint)
        change = chronicle.of_linked(nonconformity, fact, now, cause.actor)
        told = self.announcer.linked(nonconformity, fact, now, cause)
        return Linked(nonconformity, change), (told,), nonconformity.id

    async def _raise(
        self, work: Work, complaint: Complaint, verdict: Verdict, cause: Cause, now: datetime
    ) -> tuple[Raised, tuple[Event[Contract], ...], UUID]:
        number, action_number = await work.triage.next_numbers()
        nonconformity, raised = raise_from(
            complaint, nonconformity_id=new_id(), number=number, explanation=verdict.explanation, now=now
        )
        hands = self.policy.assignment_for(complaint.product, complaint.category)
        due = counted(self.policy.calendar, self.policy.version, now, self.policy.due[complaint.severity])
        action, given = contain(
            nonconformity,
            action_id=new_id(),
            number=action_number,
            owner=hands.owner,
            team=hands.team,
            due=due,
            now=now,
        )
        effect = Raised(
            nonconformity,
            chronicle.of_raised(nonconformity, raised, cause.actor),
            action,
            chronicle.of_action(action, given, now, cause.actor),
        )
        events = (
            self.announcer.raised(nonconformity, cause),
            *self.announcer.of_action(action, given, now, cause),
        )
        return effect, events, nonconformity.id
