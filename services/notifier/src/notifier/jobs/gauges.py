"""Keeps the gauges up to date, apart from the scrape."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from chassis.database import is_away
from chassis.run import Beat
from common.clock import Clock
from notifier.jobs import metrics

EVERY_SECONDS: Final = 10.0


class Counts(Protocol):
    """How much there is of what at one instant."""

    @property
    def timers_pending(self) -> int:
        """Timers that have not ended."""
        ...

    @property
    def timers_stuck(self) -> int:
        """Timers that are tried no more."""
        ...

    @property
    def timers_due(self) -> int:
        """Timers whose moment has come."""
        ...

    @property
    def oldest_due(self) -> datetime | None:
        """Since when the oldest of them waits."""
        ...

    @property
    def deadlines_open(self) -> int:
        """Deadlines neither met nor voided."""
        ...

    @property
    def deadlines_overdue(self) -> int:
        """Open ones past their due instant."""
        ...

    @property
    def deliveries_waiting(self) -> int:
        """Messages planned or to be tried again."""
        ...

    @property
    def deliveries_sending(self) -> int:
        """Messages under way."""
        ...

    @property
    def webhooks_disabled(self) -> int:
        """Webhooks switched off."""
        ...


@dataclass(frozen=True, slots=True)
class GaugeLoop:
    """Counts in the database every few seconds."""

    count: Callable[[datetime], Awaitable[Counts]]
    clock: Clock
    every: float = EVERY_SECONDS

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Run until stopped; while the database is away, the gauges stand still."""
        while not stop.is_set():
            beat()
            try:
                await self.turn()
            except Exception as error:
                if not is_away(error):
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.every)

    async def turn(self) -> None:
        """Count once."""
        now = self.clock()
        counts = await self.count(now)
        metrics.TIMERS_PENDING.set(counts.timers_pending)
        metrics.TIMERS_STUCK.set(counts.timers_stuck)
        metrics.TIMERS_DUE.set(counts.timers_due)
        oldest = counts.oldest_due
        metrics.TIMER_OLDEST_DUE.set((now - oldest).total_seconds() if oldest else 0.0)
        metrics.DEADLINES_OPEN.set(counts.deadlines_open)
        metrics.DEADLINES_OVERDUE.set(counts.deadlines_overdue)
        metrics.DELIVERIES_WAITING.set(counts.deliveries_waiting)
        metrics.DELIVERIES_SENDING.set(counts.deliveries_sending)
        metrics.ENDPOINT_DISABLED.labels("webhook").set(counts.webhooks_disabled)
