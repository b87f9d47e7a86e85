"""Keeps the gauges of open imports, so that no scrape waits for the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge

from common.clock import Clock
from events.worker_metrics import SAME_IN_ALL, WORKER
from intake.usecases.open_imports import OPEN, ReadOpenImports

IMPORTS: Final = Gauge(
    "bulk_imports_open",
    f"Imports that have not ended: receiving the file, queued, or running. {SAME_IN_ALL}",
    ["state"],
    registry=WORKER.registry,
)
LAST_PROGRESS: Final = Gauge(
    "bulk_import_progress_age_seconds",
    "How long the open import that waits for longest has not got on; queued ones count only while none runs; 0 without an "
    f"open import. {SAME_IN_ALL}",
    registry=WORKER.registry,
)

for _state in OPEN:
    IMPORTS.labels(_state.value)


@dataclass(frozen=True, slots=True)
class ImportGauges:
    """Shows the open imports at the clock's time."""

    read: ReadOpenImports
    clock: Clock

    async def __call__(self) -> None:
        """Count once."""
        found = await self.read()
        for state in OPEN:
            IMPORTS.labels(state.value).set(found.numbers.get(state, 0))
        since = found.last_progress_at
        LAST_PROGRESS.set(0.0 if since is None else max((self.clock() - since).total_seconds(), 0.0))


class ShowAll:
    """Shows one after the other."""

    def __init__(self, *shows: Callable[[], Awaitable[None]]) -> None:
        self._shows = shows

    async def __call__(self) -> None:
        """Count everything once."""
        for show in self._shows:
            await show()
