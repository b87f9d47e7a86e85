"""Indexes what was received, and keeps the gauges of what waits for it."""

import asyncio
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Gauge

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from common.clock import Clock
from events.worker_metrics import SAME_IN_ALL, WORKER
from intake.usecases.index_complaints import AT_ONCE, Batch, IndexComplaints, SearchIndex

POLL_SECONDS: Final = 0.5
"""The longest that a complaint waits where nothing else does. Searches find it meanwhile, so that nobody is woken for it:
many complaints that are indexed together cost much less than each by itself."""

RETRY_SECONDS: Final = 2.0

INDEXED: Final = Counter(
    "complaints_indexed_total",
    "Complaints whose words were written where searches look for them.",
    registry=WORKER.registry,
)
UNINDEXED: Final = Gauge(
    "complaints_unindexed",
    f"Complaints that wait to be indexed; searches read the first 1,000 of them as they are. {SAME_IN_ALL}",
    registry=WORKER.registry,
)
OLDEST: Final = Gauge(
    "complaints_unindexed_age_seconds",
    f"How long the complaint that waits for longest has waited to be indexed; 0 without one. {SAME_IN_ALL}",
    registry=WORKER.registry,
)

log = get_logger("intake.index_complaints")


class RunIndexing:
    """Looks twice a second, and goes on at once while much waits; any number of processes may do it."""

    def __init__(self, index: IndexComplaints, *, poll: float = POLL_SECONDS) -> None:
        self._index = index
        self._poll = poll

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped, which waits for the batch under way; a database that is away is waited for."""
        while not stop.is_set():
            beat()
            try:
                batch = await self.once()
            except Exception as error:
                if not (is_away(error) or is_busy(error)):
                    raise
                log.warning("complaints_not_indexed", reason=type(error).__name__)
                await waited_for(stop, RETRY_SECONDS)
                continue
            # What is looked at and cannot be held waits for somebody else, who would be hurried in vain.
            if batch.looked_at < AT_ONCE or batch.held == 0:
                await waited_for(stop, self._poll)

    async def once(self) -> Batch:
        """Index once, and count."""
        batch = await self._index()
        INDEXED.inc(batch.written)
        return batch


@dataclass(frozen=True, slots=True)
class IndexGauges:
    """Shows what waits to be indexed at the clock's time."""

    index: SearchIndex
    clock: Clock

    async def __call__(self) -> None:
        """Count once."""
        found = await self.index.unindexed()
        UNINDEXED.set(found.number)
        OLDEST.set(0.0 if found.since is None else max((self.clock() - found.since).total_seconds(), 0.0))
