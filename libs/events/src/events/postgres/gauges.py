"""Keeps the gauges of what waits to be published, read and committed, so that no scrape waits for anything."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.clock import Clock
from events.failures import TransportAway
from events.postgres import metrics, parking
from events.postgres.away import DATABASE_FAILURES
from events.transport import Transport
from events.turning import Beat, unwatched

log = logging.getLogger(__name__)

Reached = Callable[[bool], None]
"""Told at each look whether the transport answered."""


def unasked(_: bool) -> None:  # noqa: FBT001  (the form of `Reached`)
    """Serve where nobody wants to know whether the transport answers."""


_OUTBOX = sa.text("""
SELECT count(*) AS number, min(recorded_at) AS oldest, (SELECT count(*) FROM outbox_refused) AS set_aside FROM outbox
""")
# The statement that asks has a transaction too, which is no finding.
_TRANSACTIONS = sa.text("""
SELECT min(xact_start) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
""")


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
            await asyncio.gather(
                self.look_at_outbox(), self.look_at_parked(), self.look_at_transactions(), self.look_at_lag()
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._every)

    async def look_at_outbox(self) -> None:
        """Count what waits to be published, and what never will be."""
        await self._look("outbox", self._count_outbox)

    async def look_at_parked(self) -> None:
        """Count what the group has set aside."""
        await self._look("parked", self._count_parked)

    async def look_at_transactions(self) -> None:
        """Find the transaction that has been open for the longest."""
        await self._look("transactions", self._find_oldest_transaction)

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
            place = (topic, str(partition), self._group)
            metrics.LAG.labels(*place).set(max(unread, 0))
            metrics.COMMITTED.labels(*place).set(kept.get((topic, partition), 0))
        metrics.kept("lag")

    async def _count_outbox(self, connection: AsyncConnection) -> None:
        found = (await connection.execute(_OUTBOX)).one()
        metrics.PENDING.set(found.number)
        metrics.OLDEST_PENDING.set(self._age(found.oldest))
        metrics.SET_ASIDE.set(found.set_aside)

    async def _count_parked(self, connection: AsyncConnection) -> None:
        counts = await parking.counts(connection, self._group)
        for state in ("parked", "dead"):
            number, oldest = counts.get(state, (0, None))
            metrics.PARKED.labels(state).set(number)
            metrics.OLDEST_PARKED.labels(state).set(self._age(oldest))

    async def _find_oldest_transaction(self, connection: AsyncConnection) -> None:
        oldest = (await connection.execute(_TRANSACTIONS)).scalar_one()
        metrics.OLDEST_TRANSACTION.set(self._age(oldest))

    async def _look(self, about: str, count: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Count within the bound; where that does not work, the last numbers stand."""
        try:
            async with asyncio.timeout(self._within), self._engine.connect() as connection:
                await count(connection)
        except (TimeoutError, *DATABASE_FAILURES) as error:
            log.warning("gauges could not be kept", extra={"about": about, "error": type(error).__name__})
        else:
            metrics.kept(about)

    def _age(self, since: datetime | None) -> float:
        return 0.0 if since is None else max((self._clock() - since).total_seconds(), 0.0)
