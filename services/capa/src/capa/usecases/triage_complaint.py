"""Decides what a complaint leads to: a nonconformity with an action, a link to an open one, or nothing and why."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

from capa.domain import triage
from capa.domain.complaint import Complaint
from capa.domain.policy import TriagePolicy
from capa.domain.triage import Decision
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Nearby, Work
from capa.usecases.sitting import Sitting, count_raised
from common.clock import Clock
from events.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Case:
    """A complaint just received, and the delivery that told of it."""

    complaint: Complaint
    cause: Cause
    once: Delivery


@dataclass(frozen=True, slots=True)
class TriageComplaint:
    """Takes the one decision about each complaint just received; due times are counted from the decision."""

    clock: Clock
    policy: TriagePolicy
    announcer: Announcer

    async def __call__(self, work: Work, cases: Sequence[Case]) -> Sequence[Decision | None]:
        """Decide about one or several in a transaction of the caller's; None of one that was decided about before."""
        admitted = await work.triage.admit([case.complaint for case in cases])
        fresh = list(compress(cases, admitted))
        complaints = [case.complaint for case in fresh]
        standing = await work.triage.open_near(self._places(complaints))
        raised = count_raised(self.policy, complaints, standing)
        sitting = Sitting(
            self.policy,
            self.announcer,
            standing=standing,
            numbers=await work.triage.next_numbers(raised),
            # Taken with the pairs' locks held, so that decisions about a pair are in the order of their times.
            now=self.clock(),
        )
        decided = [sitting.decide(case.complaint, case.cause) for case in fresh]
        await work.triage.keep([(each.decision, each.effect) for each in decided])
        for each in decided:
            work.announce(*each.events)
        decisions = (each.decision for each in decided)
        return [next(decisions) if is_new else None for is_new in admitted]

    def _places(self, complaints: Iterable[Complaint]) -> Sequence[Nearby]:
        """Tell where nonconformities lie that matter to these complaints, once for each product and category."""
        received = defaultdict(list)
        for complaint in complaints:
            if triage.may_link(self.policy, complaint):
                received[complaint.product, complaint.category].append(complaint.received_at)
        places = []
        for (product, category), times in received.items():
            earliest, _ = self.policy.anchors_near(min(times))
            _, latest = self.policy.anchors_near(max(times))
            places.append(Nearby(product, category, earliest, latest))
        return places
