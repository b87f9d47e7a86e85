"""Ends windows of monitoring when their time is over."""

import asyncio
from typing import Final

from prometheus_client import Counter

from capa.usecases.end_monitoring import AT_ONCE, EndMonitoring
from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from events.worker_metrics import WORKER

PAUSE_SECONDS: Final = 5.0

ENDED: Final = Counter(
    "case_monitoring_ended_total",
    "Windows of monitoring that ended, so that the effect of the case's actions is to be reviewed.",
    registry=WORKER.registry,
)

log = get_logger("capa.run_monitoring")


class RunMonitoring:
    """Every few seconds; any number of processes may do it."""

    def __init__(self, end: EndMonitoring) -> None:
        self._end = end

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped; a database that is away is asked again the next time."""
        while True:
            beat()
            more = await self.once() == AT_ONCE
            if await waited_for(stop, 0.0 if more else PAUSE_SECONDS):
                return

    async def once(self) -> int:
        """End what is due, and count it."""
        try:
            ended = await self._end()
        except Exception as error:
            if not (is_away(error) or is_busy(error)):
                raise
            log.warning("monitoring_not_ended", reason=type(error).__name__)
            return 0
        ENDED.inc(ended)
        return ended
