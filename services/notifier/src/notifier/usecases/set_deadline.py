"""Takes over deadlines that their owners announced, and plans their timers."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.clock import Clock
from common.turns import in_turns
from events.delivery import Claim, Delivery
from notifier.domain.deadline import Deadline, Severity, State, TimerEnd, is_newer, plan, succeed
from notifier.domain.ladder import DEFAULT, Ladder
from notifier.usecases.ports import StartWork, Work
from worktime import Calendar

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A deadline as its owner announced it; those of one event share its id."""

    subject_kind: str
    subject_id: UUID
    clock: str
    generation: int
    parent_kind: str | None
    parent_id: UUID | None
    title: str
    due_at: datetime
    owner: str | None
    team: str | None
    severity: Severity
    link: str
    ladder: str | None
    calendar: str
    policy_version: str
    explanation: Mapping[str, object]
    correlation_id: UUID
    event_id: UUID
    traceparent: str | None = None
    tracestate: str | None = None


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Keeps the newest generation of a deadline with the ladder as it is now; an older generation changes nothing."""

    start_work: StartWork
    clock: Clock
    ladders: Mapping[str, Ladder]
    calendar: Calendar

    async def __call__(self, announced: Sequence[tuple[Sequence[Announced], Delivery]]) -> Sequence[Claim]:
        """Void the timers of former generations and plan those of new ones, in one transaction.

        What one delivery announced is claimed once and taken over as a whole. Raises Refusal where a step of any deadline
        has no moment; then nothing is taken over.
        """
        now = self.clock()
        async with self.start_work.together([once for _, once in announced]) as (work, claims):
            fresh = [
                self._deadline(each, now)
                for (told, _), claim in zip(announced, claims, strict=True)
                if claim is Claim.NEW
                for each in told
            ]
            for turn in in_turns(fresh, lambda deadline: deadline.key):
                await self._succeed(work, turn, now)
            return claims

    async def _succeed(self, work: Work, fresh: Sequence[Deadline], now: datetime) -> None:
        """Put different deadlines in the place of what was known of them."""
        known = await work.deadlines.lock_many([deadline.key for deadline in fresh])
        deadlines = [
            succeed(known.get(deadline.key), deadline)
            for deadline in fresh
            if is_newer(known.get(deadline.key), deadline.generation)
        ]
        replaced = {deadline.key: TimerEnd.REPLACED for deadline in deadlines if deadline.key in known}
        await work.timers.end_all(replaced, now=now)
        await work.deadlines.save(deadlines)
        plans = [(deadline, plan(deadline, self.calendar, now)) for deadline in deadlines]
        await work.timers.plan(plans, now=now)

    def _deadline(self, announced: Announced, now: datetime) -> Deadline:
        return Deadline(
            subject_kind=announced.subject_kind,
            subject_id=announced.subject_id,
            clock=announced.clock,
            generation=announced.generation,
            parent_kind=announced.parent_kind,
            parent_id=announced.parent_id,
            title=announced.title,
            due_at=announced.due_at,
            owner=announced.owner,
            team=announced.team,
            severity=announced.severity,
            link=announced.link,
            ladder=self._ladder(announced.ladder or DEFAULT),
            calendar=announced.calendar,
            policy_version=announced.policy_version,
            explanation=announced.explanation,
            state=State.OPEN,
            closed_at=None,
            closed_reason=None,
            set_at=now,
            correlation_id=announced.correlation_id,
            caused_by=announced.event_id,
            version=1,
            traceparent=announced.traceparent,
            tracestate=announced.tracestate,
        )

    def _ladder(self, name: str) -> Ladder:
        if name not in self.ladders:
            log.warning("a deadline names an unknown ladder; the default one is used", extra={"ladder": name})
        return self.ladders.get(name, self.ladders[DEFAULT])
