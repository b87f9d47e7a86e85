"""What a decision about a recurrence does to cases: the closed one is opened again, or a successor is requested."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from capa.domain.case.case import Case, State, Step
from capa.domain.case.guards import Circumstances
from capa.domain.case.judging import Reopen
from capa.domain.case.recurring import decided, settle
from capa.domain.case.screening import Request
from capa.domain.case.values import Proposal
from capa.domain.risk import CasePolicy
from capa.domain.signals.signal import Signal
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.cause import Cause
from capa.usecases.ports import Work
from capa.usecases.request_case import request_in
from capa.usecases.take_case_step import keep

_LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class AnswerRecurrence:
    """Works within the transaction that decides about the signal."""

    announcer: CaseAnnouncer
    policy: CasePolicy

    async def confirmed(
        self,
        work: Work,
        signal: Signal,
        *,
        follow: Proposal | None,
        reason: str,
        now: datetime,
        cause: Cause,
    ) -> UUID:
        """Do what is proposed, or the other thing where `follow` says so; gives the case that it led to.

        A case that somebody opened again in the meantime is taken as the answer.
        """
        case = await self._case(work, signal)
        why = f"Signal {signal.number}: {reason or signal.episode.explanation}"
        around = self._around(now, cause)
        if (follow or signal.episode.proposal) is Proposal.SUCCESSOR:
            successor = await self._successor(work, case, why, around, cause)
            after = decided(case, signal.id, "confirmed", around, reason=reason, led_to=successor.id)
            taken, step, led_to = settle(case, after, around, why), "recurrence-confirmed", successor.id
        else:
            after = decided(case, signal.id, "confirmed", around, reason=reason, led_to=case.id)
            led_to = case.id
            if case.state is State.CLOSED_EFFECTIVE:
                taken, step = Reopen(reason=why).take(after, around), Step.REOPEN.value
            else:
                taken, step = settle(case, after, around, why), "recurrence-confirmed"
        await keep(work, case, taken, step, at=now, cause=cause)
        work.announce(*self.announcer.of_case(taken.case, taken.facts, now, cause))
        return led_to

    async def dismissed(self, work: Work, signal: Signal, now: datetime, cause: Cause) -> None:
        """Note on the closed case that its trouble did not come back."""
        case = await self._case(work, signal)
        around = self._around(now, cause)
        after = decided(case, signal.id, "dismissed", around, reason=signal.reason)
        taken = settle(case, after, around, signal.reason)
        await keep(work, case, taken, "recurrence-dismissed", at=now, cause=cause)
        work.announce(*self.announcer.of_case(taken.case, taken.facts, now, cause))

    async def _successor(self, work: Work, case: Case, why: str, around: Circumstances, cause: Cause) -> Case:
        asked = Request(
            title=f"Recurrence of {case.number}: {case.title}"[:_LONGEST_TITLE],
            description=why,
            product=case.product,
            category=case.category,
            severity=case.severity,
            nonconformity_ids=(),
            recurrence_of=case.id,
        )
        taken = await request_in(work, asked, case.correlation_id, around, cause)
        work.announce(*self.announcer.of_case(taken.case, taken.facts, around.now, cause))
        return taken.case

    async def _case(self, work: Work, signal: Signal) -> Case:
        if signal.episode.case_id is None:
            raise ValueError(f"{signal.number} is about no case")
        return await work.cases.get(signal.episode.case_id)

    def _around(self, now: datetime, cause: Cause) -> Circumstances:
        return Circumstances(by=str(cause.actor), rights=cause.rights, now=now, policy=self.policy)
