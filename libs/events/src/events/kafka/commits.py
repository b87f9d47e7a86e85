"""Keeps a group's positions: only of finished records, always by name, one request at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from events.failures import TransportAway
from events.transport import Partition

log = logging.getLogger(__name__)

_PAUSE = 1.0
"""Seconds before a commit that got no answer is tried again."""


class GenerationLost(Exception):
    """The group has gone on without this member: what it finished will be handed over again."""


class Commits:
    """Collects what lanes have finished and keeps it in the background; whatever comes meanwhile goes together."""

    def __init__(
        self, commit: Callable[[Mapping[Partition, int]], Awaitable[None]], *, seconds: float
    ) -> None:
        self._commit = commit
        self._seconds = seconds
        self._waiting: dict[Partition, int] = {}
        self._more = asyncio.Event()

    def finished(self, place: Partition, position: int) -> None:
        """Note which record of a partition is to be read next."""
        self._waiting[place] = position
        self._more.set()

    async def run(self) -> None:
        """Keep positions until cancelled; raises TransportAway where the broker refuses to."""
        while True:
            await self._more.wait()
            self._more.clear()
            if not await self.flush():
                self._more.set()
                await asyncio.sleep(_PAUSE)

    async def flush(self) -> bool:
        """Keep what waits, within a bound; False when it still waits, because nothing answered."""
        offered = dict(self._waiting)
        if not offered:
            return True
        try:
            async with asyncio.timeout(self._seconds):
                await self._commit(offered)
        except GenerationLost:
            log.info("positions of a lost generation are not kept; the records will come again")
        except TimeoutError:
            log.warning("positions could not be kept in time; tried again")
            return False
        self._waiting = {
            place: position for place, position in self._waiting.items() if offered.get(place) != position
        }
        return True

    async def last(self) -> None:
        """Keep what waits once, and forget the rest: the partitions go to others."""
        try:
            await self.flush()
        except TransportAway as error:
            log.warning(
                "last positions are not kept; the records will come again", extra={"error": str(error)}
            )
        finally:
            self._waiting.clear()
            self._more.clear()
