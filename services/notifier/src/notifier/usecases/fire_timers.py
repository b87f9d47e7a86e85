"""Acts on timers whose moment has come."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from common.clock import Clock
from notifier.domain.deadline import Deadline, Key, State, TimerEnd, split_missed
from notifier.domain.delivery import Pace
from notifier.domain.facts import Breached, Fact, Warned
from notifier.domain.ladder import Step, StepKind
from notifier.domain.notice import Notice
from notifier.domain.routing import People
from notifier.usecases.outgoing import announce
from notifier.usecases.ports import DueTimer, StartWork, Work
from notifier.usecases.tell import post, tell

LEASE: Final = timedelta(seconds=60)
_OUTAGE_AFTER: Final = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fired:
    """What one round did: how many deadlines it looked at, how late each firing was, and what was planned.

    `unroutable` counts steps whose addressee could not be told, `unheard` those of them that nobody else was told of.
    """

    deadlines: int
    lateness: tuple[timedelta, ...]
    notices: int
    unroutable: int
    unheard: int


NOTHING = Fired(0, (), 0, 0, 0)


@dataclass(frozen=True, slots=True)
class FireTimers:
    """Climbs the ladder: announces, writes notices to whom each step names, and ends the timers."""

    start_work: StartWork
    clock: Clock
    pace: Pace
    fallback: str

    async def __call__(self, limit: int) -> Fired:
        """Claim a batch and fire it in one transaction; where that fails, each deadline alone, so that one spoils none."""
        now = self.clock()
        async with self.start_work() as work:
            keys = await work.timers.claim(now=now, lease_until=now + LEASE, limit=limit)
        if not keys:
            return NOTHING
        try:
            return await self._fire(keys)
        except Exception:
            if len(keys) == 1:
                raise
            log.warning("a batch of timers failed; each is tried alone", exc_info=True)
            return await self._fire_each(keys)

    async def _fire_each(self, keys: Sequence[Key]) -> Fired:
        total, failed = NOTHING, 0
        for key in keys:
            try:
                fired = await self._fire([key])
            except Exception:
                failed += 1
                if (
                    failed >= _OUTAGE_AFTER
                ):  # Not a single bad row: leases run out and another round tries again.
                    raise
                log.exception("a timer failed", extra={"subject_id": str(key[0]), "clock": key[1]})
            else:
                total = Fired(
                    total.deadlines + fired.deadlines,
                    total.lateness + fired.lateness,
                    total.notices + fired.notices,
                    total.unroutable + fired.unroutable,
                    total.unheard + fired.unheard,
                )
        return total

    async def _fire(self, keys: Sequence[Key]) -> Fired:
        now = self.clock()
        async with self.start_work() as work:
            deadlines = await work.deadlines.lock_many(keys)
            timers = _by_deadline(await work.timers.due_of(keys, now=now))
            owners = [deadline.owner for deadline in deadlines.values() if deadline.owner]
            roles = [step.to for deadline in deadlines.values() for step in deadline.ladder.steps]
            people = await work.people.with_managers([*owners, *roles, self.fallback])
            round_ = _Round(people, self.fallback, now)
            for key, due in timers.items():
                round_.climb(deadlines.get(key), due)
            return await self._write(work, round_, now)

    async def _write(self, work: Work, round_: "_Round", now: datetime) -> Fired:
        await work.timers.finish(round_.ended, now=now)
        new = await post(work, round_.notices, self.pace, now)
        await announce(work, round_.facts, now)
        return Fired(round_.deadlines, tuple(round_.lateness), new, round_.unroutable, round_.unheard)


class _Round:
    """Collects what a batch of deadlines leads to."""

    def __init__(self, people: People, fallback: str, now: datetime) -> None:
        self._people = people
        self._fallback = fallback
        self._now = now
        self.deadlines = 0
        self.unroutable = 0
        self.unheard = 0
        self.ended = dict[UUID, TimerEnd]()
        self.lateness = list[timedelta]()
        self.notices = list[Notice]()
        self.facts = list[Fact]()

    def climb(self, deadline: Deadline | None, due: Sequence[DueTimer]) -> None:
        """Fire what is due of one deadline; timers of another generation than the present one only end."""
        self.deadlines += 1
        current = [
            timer
            for timer in due
            if deadline is not None
            and deadline.state is State.OPEN
            and timer.generation == deadline.generation
        ]
        self.ended |= {timer.id: TimerEnd.REPLACED for timer in due if timer not in current}
        if deadline is None or not current:
            return
        fire, skip = split_missed(deadline.ladder, [timer.step for timer in current])
        by_step = {timer.step: timer for timer in current}
        self.ended |= {by_step[step.name].id: TimerEnd.CATCHUP for step in skip}
        for step in fire:
            self._fire(deadline, step, by_step[step.name])

    def _fire(self, deadline: Deadline, step: Step, timer: DueTimer) -> None:
        self.ended[timer.id] = TimerEnd.FIRED
        self.lateness.append(self._now - max(timer.due_at, timer.planned_at))
        if step.kind is StepKind.BREACH:
            self.facts.append(Breached(deadline, self._now))
        elif step.kind is StepKind.REMINDER:
            self.facts.append(Warned(deadline, step.name, self._now))
        told = tell(
            deadline,
            step.name,
            step.kind,
            step.to,
            people=self._people,
            fallback=self._fallback,
            now=self._now,
        )
        self.notices += told.notices
        if told.nobody is not None:
            self.unroutable += 1
            self.facts.append(told.nobody)
            if told.nobody.fallback is None:
                self.unheard += 1
                log.error(
                    "nobody could be told, not even the fallback person",
                    extra={
                        "subject_id": str(deadline.subject_id),
                        "step": step.name,
                        "fallback": self._fallback,
                    },
                )


def _by_deadline(timers: Sequence[DueTimer]) -> dict[Key, list[DueTimer]]:
    grouped: dict[Key, list[DueTimer]] = defaultdict(list)
    for timer in timers:
        grouped[timer.key].append(timer)
    return grouped
