"""A bell inside one process: tells waiting loops that there is work, without a word to the database."""

import asyncio
import contextlib
import time
from typing import Final

NET_SECONDS: Final = 1.0
"""How often a loop looks by itself where the bell tells of everything, for what was put there by somebody else."""


class Wake:
    """Take a `ticket` before looking for work, then `rest` on it: a ring in between is not missed."""

    def __init__(self, *, hears_all: bool = False) -> None:
        self._event = asyncio.Event()
        self._hears_all = hears_all

    def ring(self) -> None:
        """Wake everybody who waits."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    def ticket(self) -> asyncio.Event:
        """Take the ticket to wait on."""
        return self._event

    def poll(self, seconds: float) -> float:
        """Tell how long to wait for the bell before looking nevertheless.

        Where all who make work ring it, as in a process with both roles, looking is a safety net: once a second at most.
        """
        return max(seconds, NET_SECONDS) if self._hears_all else seconds


class Pace:
    """Has a loop that is woken often take together what comes within a moment.

    Turns that find something begin at least `times` as long apart as the last one took, and at most `longest` seconds. So
    the first after a silence begins at once, and the busier the machine is, the fewer and larger the turns.
    """

    def __init__(self, *, times: float = 4.0, longest: float = 0.1) -> None:
        self._times = times
        self._longest = longest
        self._apart = 0.0
        self._free_at = 0.0

    async def keep(self, stop: asyncio.Event) -> None:
        """Wait until the next turn may begin, or for the stop."""
        left = self._free_at - time.monotonic()
        if left > 0 and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await stop.wait()

    def works(self) -> None:
        """Note that a turn which has just begun has found something to do; others may begin beside it."""
        self._free_at = time.monotonic() + self._apart

    def worked(self, since: float) -> None:
        """Note the end of such a turn, which began at `since` in the seconds of `time.monotonic`."""
        self._apart = min(self._times * (time.monotonic() - since), self._longest)
        self._free_at = max(self._free_at, since + self._apart)


async def rest(stop: asyncio.Event, ticket: asyncio.Event, seconds: float) -> None:
    """Wait for the stop, the bell or the time, whichever is first, and leave nothing running behind."""
    if ticket.is_set() or stop.is_set():
        return
    waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(ticket.wait())}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
