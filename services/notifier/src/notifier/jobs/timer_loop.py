"""Fires timers when their moment comes."""

import asyncio
from dataclasses import dataclass

from chassis.database import is_away
from chassis.logging import get_logger
from common.clock import Clock
from events.wake import Wake
from notifier.jobs import metrics
from notifier.jobs.gate import Gate
from notifier.jobs.rest import rest, seconds_until
from notifier.usecases.fire_timers import Fired, FireTimers
from notifier.usecases.next_moment import NextMoment

log = get_logger(__name__)


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

    async def run(self, stop: asyncio.Event) -> None:
        """Run until stopped; while the database is away, wait and try on."""
        await self.gate.passed(stop)
        while not stop.is_set():
            ticket = self.wake.ticket()
            try:
                pause = await self.turn()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("database_away", loop="timers")
                pause = self.poll
            await rest(stop, ticket, pause)

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
    metrics.UNROUTABLE.inc(fired.unroutable)
