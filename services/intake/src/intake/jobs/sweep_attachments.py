"""Sweeps the store of attachments: what crashes, outages and deletions left there."""

import asyncio
from typing import Final

from prometheus_client import Counter

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from events.worker_metrics import WORKER
from intake.usecases.attachments import StorageAway
from intake.usecases.sweep_attachments import AT_ONCE, SweepAttachments, Swept

PAUSE_SECONDS: Final = 60.0

SWEPT: Final = Counter(
    "attachment_contents_swept_total",
    "Contents that the sweep removed from the store of attachments: abandoned, of uploads that came to nothing; or deleted, "
    "where the store was away when their attachment was deleted.",
    ["reason"],
    registry=WORKER.registry,
)
FAILED: Final = Counter(
    "attachment_sweep_failures_total",
    "Sweeps that the store of attachments or the database did not let come to their end.",
    registry=WORKER.registry,
)
for _reason in ("abandoned", "deleted"):
    SWEPT.labels(_reason)

log = get_logger("intake.sweep_attachments")


class RunSweep:
    """Once a minute; any number of processes may do it."""

    def __init__(self, sweep: SweepAttachments) -> None:
        self._sweep = sweep

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped; a store or database that is away is asked again the next time."""
        while True:
            beat()
            swept = await self.once()
            more = AT_ONCE in {swept.abandoned, swept.deleted}
            if await waited_for(stop, 0.0 if more else PAUSE_SECONDS):
                return

    async def once(self) -> Swept:
        """Sweep once, and count."""
        try:
            swept = await self._sweep()
        except Exception as error:
            if not (isinstance(error, StorageAway) or is_away(error) or is_busy(error)):
                raise
            FAILED.inc()
            log.warning("attachments_not_swept", reason=type(error).__name__)
            return Swept(0, 0)
        SWEPT.labels("abandoned").inc(swept.abandoned)
        SWEPT.labels("deleted").inc(swept.deleted)
        return swept
