"""Keeping gauges of what is in the database, apart from the scrape, which then never waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for

EVERY_SECONDS: Final = 10.0
WITHIN_SECONDS: Final = 5.0

log = get_logger("chassis.gauging")


@dataclass(frozen=True, slots=True)
class KeepGauges:
    """Looks every so many seconds, each time within a bound; `kept` is told of each look that worked."""

    look: Callable[[], Awaitable[None]]
    kept: Callable[[], None]
    every_seconds: float = EVERY_SECONDS
    within_seconds: float = WITHIN_SECONDS

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Look until stopped; while the database is away or too slow, the last numbers stand."""
        while True:
            beat()
            await self.once()
            if await waited_for(stop, self.every_seconds):
                return

    async def once(self) -> None:
        """Look once."""
        try:
            async with asyncio.timeout(self.within_seconds):
                await self.look()
        except Exception as error:
            if not (isinstance(error, TimeoutError) or is_away(error) or is_busy(error)):
                raise
            log.warning("gauges_not_kept", reason=type(error).__name__)
        else:
            self.kept()
