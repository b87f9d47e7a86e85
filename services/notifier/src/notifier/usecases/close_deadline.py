"""Ends a deadline that was met or no longer matters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.clock import Clock
from events.delivery import Delivery
from notifier.domain.deadline import Key, State, TimerEnd, close
from notifier.usecases.ports import StartWork


@dataclass(frozen=True, slots=True)
class CloseDeadline:
    """Silences a deadline: its timers end, and notices not yet sent are dropped before sending."""

    start_work: StartWork
    clock: Clock

    async def __call__(
        self,
        key: Key,
        *,
        generation: int,
        state: Literal[State.MET, State.VOIDED],
        reason: str | None,
        at: datetime,
        once: Delivery,
    ) -> None:
        """Close it, unless the news is of an older generation than the one known."""
        async with self.start_work(once) as work:
            known = await work.deadlines.lock(key)
            if known is None:
                return
            closed = close(known, generation=generation, state=state, reason=reason, at=at)
            if closed is None:
                return
            await work.deadlines.save(closed)
            end = TimerEnd.MET if state is State.MET else TimerEnd.VOIDED
            await work.timers.end_all(key, end, now=self.clock())
