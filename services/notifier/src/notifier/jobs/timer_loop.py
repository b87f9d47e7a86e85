"""Fires timers when their moment comes."""

import asyncio
from dataclasses import dataclass

from chassis.run import Beat
from common.clock import Clock
from events.wake import Wake
from notifier.jobs import metrics
from notifier.jobs.gate import Gate
from notifier.jobs.rest import seconds_until
from notifier.jobs.turns import take_turns
from notifier.usecases.fire_timers import Fired, FireTimers
from notifier.usecases.next_moment import NextMoment


@dataclass(frozen=True, slots=True)
class TimerLoop:
    """Sleeps until the next timer is due, the bell rings or the poll comes round; times in seconds."""

    fire: FireTimers
    next_moment: NextMoment
    gate: Gate
    clock: Clock
    wake: Wake
    poll: float
    batch: int = 100

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Run until stopped; while the database is away, wait and try on."""
        await take_turns(self.turn, stop, beat, loop="timers", gate=self.gate, wake=self.wake, poll=self.poll)

    async def turn(self) -> float:
        """Fire one batch and tell how long to rest."""
        fired = await self.fire(self.batch)
        _count(fired)
        if fired.deadlines:
            return 0.0
        return seconds_until(await self.next_moment.of_timers(), self.clock(), self.poll)


def _count(fired: Fired) -> None:
    for lateness in fired.lateness:
        metrics.TIMER_LATENESS.observe(max(lateness.total_seconds(), 0.0))
    metrics.PLANNED.inc(fired.notices)
    metrics.UNROUTABLE.labels("fallback").inc(fired.unroutable - fired.unheard)
    metrics.UNROUTABLE.labels("nobody").inc(fired.unheard)
