"""Keeps the gauges of what is open, so that no scrape waits for the database."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge

from capa.usecases.reading import Records
from chassis.run import Beat
from common.clock import Clock

EVERY_SECONDS: Final = 15.0

NONCONFORMITIES: Final = Gauge("nonconformities_open", "Nonconformities that are open.")
ACTIONS: Final = Gauge(
    "actions_open", "Actions that are open, by whether their due instant has passed.", ["overdue"]
)

for overdue in ("true", "false"):
    ACTIONS.labels(overdue)


@dataclass(frozen=True, slots=True)
class KeepGauges:
    """Counts every so many seconds."""

    records: Records
    clock: Clock
    every_seconds: float = EVERY_SECONDS

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Count until stopped; while the database is away, the last numbers stand."""
        while not stop.is_set():
            beat()
            await self.count()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.every_seconds)

    async def count(self) -> None:
        """Count once."""
        counts = await self.records.open_counts(now=self.clock())
        NONCONFORMITIES.set(counts.nonconformities)
        ACTIONS.labels("true").set(counts.actions_overdue)
        ACTIONS.labels("false").set(counts.actions_in_time)
