"""Keeps the gauges of open imports and overdue clocks, so that no scrape waits for the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge

from common.clock import Clock
from events.worker_metrics import SAME_IN_ALL, WORKER
from intake.domain.clocks.rule import Kind
from intake.usecases.open_imports import OPEN, ReadOpenImports
from intake.usecases.overdue_clocks import CountOverdueClocks

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

OVERDUE: Final = Gauge(
    "complaint_clocks_overdue",
    f"Clocks of complaints that run although their due instant has passed, by their kind. {SAME_IN_ALL}",
    ["clock"],
    registry=WORKER.registry,
)

for _kind in Kind:
    OVERDUE.labels(_kind.value)

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


@dataclass(frozen=True, slots=True)
class ClockGauges:
    """Shows the overdue clocks at the clock's time."""

    count: CountOverdueClocks
    clock: Clock

    async def __call__(self) -> None:
        """Count once."""
        found = await self.count(self.clock())
        for kind in Kind:
            OVERDUE.labels(kind.value).set(found.get(kind, 0))


class ShowAll:
    """Shows one after the other."""

    def __init__(self, *shows: Callable[[], Awaitable[None]]) -> None:
        self._shows = shows

    async def __call__(self) -> None:
        """Count everything once."""
        for show in self._shows:
            await show()
