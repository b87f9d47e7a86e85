"""A bell inside one process: tells waiting loops that there is work, without a word to the database."""

import asyncio
import contextlib


class Wake:
    """Take a `ticket` before looking for work, then `wait` on it: a ring in between is not missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    def ticket(self) -> asyncio.Event:
        """Take the ticket to wait on."""
        return self._event

    @staticmethod
    async def wait(ticket: asyncio.Event, seconds: float) -> None:
        """Wait until the bell rings after the ticket was taken, at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ticket.wait(), seconds)


async def rest(stop: asyncio.Event, ticket: asyncio.Event, seconds: float) -> None:
    """Wait for the stop, the bell or the time, whichever is first, and leave nothing running behind."""
    waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(ticket.wait())}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
