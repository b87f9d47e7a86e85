"""Takes up what intake tells of many complaints: decides about those just received, and keeps how all are handled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress

from capa.domain.handling import HandlingFact
from capa.domain.triage import Outcome
from capa.usecases.ports import StartWork
from capa.usecases.triage_complaint import Case, TriageComplaint
from events.delivery import Claim, Delivery


@dataclass(frozen=True, slots=True)
class Told:
    """Facts of the handling of a complaint, and the delivery that told of them."""

    facts: Sequence[HandlingFact]
    once: Delivery


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found of a delivery, and what was decided when; None where nothing was to be decided."""

    claim: Claim
    outcome: Outcome | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HearComplaints:
    """Works through one or several in one transaction: all of it stands, or nothing."""

    start_work: StartWork
    triage: TriageComplaint

    async def __call__(self, told: Sequence[Case | Told]) -> Sequence[Heard]:
        """Give what was found of each, in their order."""
        async with self.start_work.together([each.once for each in told]) as (work, claims):
            is_new = [claim is Claim.NEW for claim in claims]
            new = list(compress(told, is_new))
            cases = [each for each in new if isinstance(each, Case)]
            decisions = await self.triage(work, cases)
            await work.handling.keep([fact for each in new if isinstance(each, Told) for fact in each.facts])
        decided = {
            case.once.event_id: Heard(Claim.NEW, decision.verdict.outcome, decision.decided_at)
            for case, decision in zip(cases, decisions, strict=True)
            if decision is not None
        }
        return [
            decided.get(each.once.event_id, Heard(claim)) if claim is Claim.NEW else Heard(claim)
            for each, claim in zip(told, claims, strict=True)
        ]
