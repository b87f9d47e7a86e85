"""Waits for the feed to grow, however many wait, with one look at the database at a time."""

import asyncio
import time
from typing import Final

from intake.usecases.crm_ports import CrmViews

LOOK_SECONDS: Final = 0.25


class FeedWatch:
    """Lets requests wait without a connection of their own; when the process stops, nobody waits on."""

    def __init__(self, views: CrmViews, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._views = views
        self._every = look_seconds
        self._closing = asyncio.Event()
        self._looking: asyncio.Task[int] | None = None

    def close(self) -> None:
        """Let everybody go who waits."""
        self._closing.set()

    async def grown(self, position: int, *, seconds: float) -> bool:
        """Wait until the feed goes on behind a position, at most so long; False where it did not."""
        until = time.monotonic() + seconds
        while not self._closing.is_set() and time.monotonic() < until:
            if await self._last() > position:
                return True
            await self._pause(min(self._every, max(until - time.monotonic(), 0.0)))
        return False

    async def _last(self) -> int:
        # Whoever comes while somebody is looking takes the same answer, unless the one who looked is gone.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> int:
        _, last = await self._views.bounds()
        return last

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
