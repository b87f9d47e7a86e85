"""Keeps the gauges of what waits to be published and to be read, so that no scrape waits for anything."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from events.failures import TransportAway
from events.postgres import metrics
from events.postgres.away import DATABASE_FAILURES
from events.transport import Transport
from events.turning import Beat, unwatched

log = logging.getLogger(__name__)

Reached = Callable[[bool], None]
"""Told at each look whether the transport answered."""


def unasked(_: bool) -> None:  # noqa: FBT001  (the form of `Reached`)
    """Serve where nobody wants to know whether the transport answers."""


_PENDING = sa.text("SELECT count(*) AS number, min(recorded_at) AS oldest FROM outbox")


class Gauges:
    """Looks every few seconds, each time within a bound; while something is away, its last numbers stand."""

    def __init__(
        self,
        engine: AsyncEngine,
        transport: Transport,
        clock: Clock,
        *,
        topics: Sequence[str],
        group: str,
        reached: Reached = unasked,
        every: float = 10.0,
        within: float = 5.0,
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._clock = clock
        self._topics = tuple(topics)
        self._group = group
        self._reached = reached
        self._every = every
        self._within = within

    async def run(self, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        """Look until stopped."""
        while not stop.is_set():
            beat()
            await asyncio.gather(self.look_at_outbox(), self.look_at_lag())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._every)

    async def look_at_outbox(self) -> None:
        """Count what waits to be published."""
        try:
            async with asyncio.timeout(self._within), self._engine.connect() as connection:
                found = (await connection.execute(_PENDING)).one()
        except (TimeoutError, *DATABASE_FAILURES) as error:
            log.warning("the outbox could not be counted", extra={"error": type(error).__name__})
            return
        metrics.PENDING.set(found.number)
        age = (self._clock() - found.oldest).total_seconds() if found.oldest else 0.0
        metrics.OLDEST_PENDING.set(max(age, 0.0))

    async def look_at_lag(self) -> None:
        """Count what waits to be read, partition by partition."""
        try:
            async with asyncio.timeout(self._within):
                ends = await self._transport.ends(self._topics)
                kept = await self._transport.committed(self._topics, self._group)
        except (TimeoutError, TransportAway) as error:
            log.warning("the lag could not be measured", extra={"error": str(error) or type(error).__name__})
            self._reached(False)
            return
        self._reached(True)
        for (topic, partition), end in ends.items():
            unread = end - kept.get((topic, partition), 0)
            metrics.LAG.labels(topic, str(partition), self._group).set(max(unread, 0))
