"""Takes over a deadline that its owner announced, and plans its timers."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.clock import Clock
from events.delivery import Delivery
from notifier.domain.deadline import Deadline, Severity, State, TimerEnd, is_newer, plan, succeed
from notifier.domain.ladder import DEFAULT, Ladder
from notifier.usecases.ports import StartWork
from worktime import Calendar

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A deadline as its owner announced it."""

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


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Keeps the newest generation of a deadline with the ladder as it is now; an older generation changes nothing."""

    start_work: StartWork
    clock: Clock
    ladders: Mapping[str, Ladder]
    calendar: Calendar

    async def __call__(self, announced: Announced, once: Delivery) -> None:
        """Void the timers of the former generation and plan those of the new one, in one transaction."""
        now = self.clock()
        fresh = self._deadline(announced, now)
        async with self.start_work(once) as work:
            known = await work.deadlines.lock(fresh.key)
            if not is_newer(known, fresh.generation):
                return
            if known is not None:
                await work.timers.end_all(fresh.key, TimerEnd.REPLACED, now=now)
            deadline = succeed(known, fresh)
            await work.deadlines.save(deadline)
            await work.timers.plan(deadline, plan(deadline, self.calendar, now), now=now)

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
        )

    def _ladder(self, name: str) -> Ladder:
        if name not in self.ladders:
            log.warning("a deadline names an unknown ladder; the default one is used", extra={"ladder": name})
        return self.ladders.get(name, self.ladders[DEFAULT])
