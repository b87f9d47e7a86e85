"""Lets the time of deadlines stand still while their owners wait, and run on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from common.clock import Clock
from common.turns import in_turns
from events.delivery import Claim, Delivery
from notifier.domain.deadline import Deadline, Key, State, TimerEnd, pause, plan, resume
from notifier.usecases.ports import StartWork, Work
from worktime import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Pausing:
    """News that the time of a generation stands still."""

    key: Key
    generation: int
    once: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """News that time runs on, to another due instant in a new generation."""

    key: Key
    generation: int
    due_at: datetime
    calendar: str
    explanation: Mapping[str, object]
    once: Delivery


@dataclass(frozen=True, slots=True)
class HoldDeadline:
    """Silences paused deadlines, and plans the timers of resumed ones anew on the ladder that they have."""

    start_work: StartWork
    clock: Clock
    calendar: Calendar

    async def __call__(self, holds: Sequence[Pausing | Resuming]) -> Sequence[Claim]:
        """Follow each in one transaction; news of older generations and of unknown deadlines changes nothing."""
        async with self.start_work.together([hold.once for hold in holds]) as (work, claims):
            new = [hold for hold, claim in zip(holds, claims, strict=True) if claim is Claim.NEW]
            for turn in in_turns(new, lambda hold: hold.key):
                await self._follow(work, turn)
            return claims

    async def _follow(self, work: Work, holds: Sequence[Pausing | Resuming]) -> None:
        """Follow news of different deadlines."""
        now = self.clock()
        known = await work.deadlines.lock_many([hold.key for hold in holds])
        changed = [
            deadline
            for hold in holds
            if hold.key in known and (deadline := _followed(known[hold.key], hold, now)) is not None
        ]
        running = [deadline for deadline in changed if deadline.state is State.OPEN]
        ends = {deadline.key: TimerEnd.PAUSED for deadline in changed}
        ends |= {deadline.key: TimerEnd.REPLACED for deadline in running}
        await work.timers.end_all(ends, now=now)
        await work.deadlines.save(changed)
        await work.timers.plan([(each, plan(each, self.calendar, now)) for each in running], now=now)


def _followed(known: Deadline, hold: Pausing | Resuming, now: datetime) -> Deadline | None:
    match hold:
        case Pausing():
            return pause(known, generation=hold.generation)
        case Resuming():
            return resume(
                known,
                generation=hold.generation,
                due_at=hold.due_at,
                calendar=hold.calendar,
                explanation=hold.explanation,
                at=now,
            )
        case never:
            assert_never(never)
