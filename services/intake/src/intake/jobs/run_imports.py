"""Runs the imports that wait, one chunk after another, and clears away old ones."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Counter

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from common.clock import Clock
from events.wake import Wake, rest
from events.worker_metrics import WORKER
from intake.domain.importing import RowOutcome
from intake.usecases.imports import Imports

POLL_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 2.0
KEPT: Final = timedelta(days=30)
SWEPT: Final = timedelta(days=1)
"""How far back ended imports are looked over for content that a crash left behind."""

TIDY_EVERY: Final = timedelta(minutes=1)
LONGEST_SILENCE: Final = timedelta(minutes=10)
"""An upload that has sent nothing for so long has lost its process."""

ROWS: Final = Counter(
    "bulk_import_rows_total",
    "Rows of imports that were processed, those of dry runs too, by what came of them.",
    ["outcome"],
    registry=WORKER.registry,
)
for _outcome in RowOutcome:
    ROWS.labels(_outcome.value)

log = get_logger("intake.imports")


def count_row(outcome: RowOutcome) -> None:
    """Count one row that is done."""
    ROWS.labels(outcome.value).inc()


def may_pass(error: Exception) -> bool:
    """Tell an error that a repeat may heal from one that belongs to a row."""
    return is_away(error) or is_busy(error)


class RunImports:
    """Works whenever an import waits; as many processes as one likes may do so."""

    def __init__(
        self,
        process: Callable[[], Awaitable[bool]],
        imports: Imports,
        clock: Clock,
        wake: Wake,
        *,
        poll: float = POLL_SECONDS,
    ) -> None:
        self._process = process
        self._imports = imports
        self._clock = clock
        self._wake = wake
        self._poll = poll
        self._tidied_at: datetime | None = None

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped, which waits for the chunk under way; a database that is away is waited for.

        An import that this process takes in begins at once, one of another process within a second.
        """
        while not stop.is_set():
            beat()
            ticket = self._wake.ticket()
            try:
                worked = await self._process()
                if not worked:
                    await self.tidy()
            except Exception as error:
                if not may_pass(error):
                    raise
                log.warning("import_waits_for_database", reason=type(error).__name__)
                await waited_for(stop, RETRY_SECONDS)
                continue
            if not worked:
                await rest(stop, ticket, self._poll)

    async def tidy(self) -> None:
        """Once a minute give up uploads whose process is gone, and forget what is not needed any more."""
        now = self._clock()
        if self._tidied_at is not None and now - self._tidied_at < TIDY_EVERY:
            return
        self._tidied_at = now
        await self._imports.abandon_silent(before=now - LONGEST_SILENCE, now=now)
        await self._imports.sweep(since=now - SWEPT)
        await self._imports.forget(before=now - KEPT)
