"""Keeps notifier silent until it knows what happened while it was away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from chassis.run import Beat
from notifier.jobs import metrics

_BEAT_SECONDS: Final = 1.0

CatchUp = Callable[[asyncio.Event], Awaitable[None]]
"""Returns when everything that was in the log at start was read, or when stopped."""


class Gate:
    """Opens once in a process, when the log was read; loops that tell people wait for it."""

    def __init__(self, catch_up: CatchUp) -> None:
        self._catch_up = catch_up
        self._lock = asyncio.Lock()
        self._open = False

    async def passed(self, stop: asyncio.Event, beat: Beat) -> None:
        """Wait until the gate is open, or until stopped; beats meanwhile, since the log may be away for long."""
        opened = asyncio.create_task(self._opened(stop))
        try:
            while not opened.done():
                beat()
                await asyncio.wait({opened}, timeout=_BEAT_SECONDS)
            opened.result()
        finally:
            opened.cancel()

    async def _opened(self, stop: asyncio.Event) -> None:
        async with self._lock:
            if not self._open:
                await self._catch_up(stop)
                self._open = not stop.is_set()
                metrics.CAUGHT_UP.set(int(self._open))
