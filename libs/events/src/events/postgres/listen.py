"""Hears NOTIFY on one channel and rings a bell for what is of interest; a lost connection is built anew."""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from events.wake import Wake


class Listener:
    """Keeps one connection of its own listening while its block runs.

    A missed word costs the reader's slow poll and nothing more, so failures are silent here.
    """

    def __init__(
        self, engine: AsyncEngine, channel: str, wake: Wake, *, about: Collection[str], retry: float = 1.0
    ) -> None:
        self._engine = engine
        self._channel = channel
        self._wake = wake
        # A release before says nothing of what it is about.
        self._about = {"", *about}
        self._retry = retry
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(Exception):
                await self._until_lost()
            await asyncio.sleep(self._retry)

    async def _until_lost(self) -> None:
        lost = asyncio.Event()

        def heard(_driver: Any, _pid: int, _channel: str, about: str) -> None:
            if about in self._about:
                self._wake.ring()

        def gone(*_: Any) -> None:
            lost.set()

        async with self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            driver.add_termination_listener(gone)
            await driver.add_listener(self._channel, heard)
            try:
                # Whatever was said before the ear was open is looked up once.
                self._wake.ring()
                await lost.wait()
            finally:
                with contextlib.suppress(Exception):
                    driver.remove_termination_listener(gone)
                await connection.invalidate()
