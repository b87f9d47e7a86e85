"""Erases, once a day, the personal data that has been kept for as long as it may be."""

import asyncio
from collections import Counter as Tally
from typing import Final

from prometheus_client import Counter, Gauge

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from events.worker_metrics import WORKER
from intake.usecases.apply_retention import ApplyRetention, DueOutcome

PAUSE_SECONDS: Final = 86_400.0
RETRY_SECONDS: Final = 300.0
TICK_SECONDS: Final = 60.0
"""How long the loop waits without a sign of life."""

ERASED: Final = Counter(
    "retention_erasures_total",
    "Complaints whose personal data was erased because the time was over that it may be kept.",
    registry=WORKER.registry,
)
FAILED: Final = Counter(
    "retention_failures_total",
    "Runs of retention that did not come to their end; another is tried every five minutes.",
    registry=WORKER.registry,
)
HELD: Final = Gauge(
    "retention_held_complaints",
    "Complaints that retention would have erased in this process's last run, were they not held.",
    registry=WORKER.registry,
)

log = get_logger("intake.apply_retention")


class RunRetention:
    """Once a day, at first when the process starts; any number of processes may do it."""

    def __init__(self, apply: ApplyRetention) -> None:
        self._apply = apply

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped; what keeps a run from its end is tried again soon."""
        while True:
            beat()
            done = await self.once(beat)
            left = PAUSE_SECONDS if done else RETRY_SECONDS
            while left > 0:
                if await waited_for(stop, TICK_SECONDS):
                    return
                left -= TICK_SECONDS
                beat()

    async def once(self, beat: Beat) -> bool:
        """Apply it once and count; False where it did not come to its end."""
        tally: Tally[DueOutcome] = Tally()
        try:
            async for due in self._apply(dry_run=False):
                tally[due.outcome] += 1
                if due.outcome is DueOutcome.ERASED:
                    ERASED.inc()
                    log.info("personal_data_erased", number=due.number, rule=due.rule)
                beat()
            await self._apply.forget_reads()
        except Exception as error:
            FAILED.inc()
            if not (is_away(error) or is_busy(error)):
                raise
            log.warning("retention_not_applied", reason=type(error).__name__)
            return False
        HELD.set(tally[DueOutcome.HELD])
        return True
