"""The relay: publishes the outbox as a queue, shard by shard, and deletes after the acknowledgement.

Whole shards are locked, never single rows, so that several relays keep each key's order; least recently served shards
come first, so that none starves. A row that commits late is simply still there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.clock import Clock
from events.codec import sequence_header
from events.failures import RecordRefused, TransportAway
from events.postgres import metrics
from events.postgres.away import DATABASE_FAILURES
from events.postgres.headers import unpack
from events.transport import Publisher, Record, Transport
from events.wake import Wake

log = logging.getLogger(__name__)

_LOCK = sa.text("""
SELECT shard FROM outbox_shard s
 WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.shard = s.shard)
 ORDER BY served_at, shard LIMIT :shards FOR UPDATE SKIP LOCKED
""")
# A statement of its own: its snapshot must be taken after the lock, or rows that another relay has just deleted
# would be published again.
_READ = sa.text("""
SELECT position, topic, key, sequence, headers, value, recorded_at FROM outbox
 WHERE shard = ANY(CAST(:shards AS smallint[])) ORDER BY position LIMIT :rows
""")
_SERVED = sa.text("""
UPDATE outbox_shard SET served_at = CAST(:now AS timestamptz) WHERE shard = ANY(CAST(:shards AS smallint[]))
""")
_DELETE = sa.text("DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))")
_SET_ASIDE = sa.text("""
WITH gone AS (DELETE FROM outbox WHERE position = :position RETURNING *)
INSERT INTO outbox_refused (position, topic, key, headers, value, recorded_at, refused_at, reason)
SELECT position, topic, key, headers, value, recorded_at, CAST(:now AS timestamptz), :reason FROM gone
""")


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How much at once, and how long to wait; times in seconds."""

    rows: int = 500
    shards: int = 4
    poll: float = 0.1
    publish_timeout: float = 10.0
    retry: float = 0.5


class Relay:
    """Moves one service's outbox to the transport; as many may run as one likes."""

    def __init__(
        self,
        engine: AsyncEngine,
        transport: Transport,
        clock: Clock,
        *,
        wake: Wake | None = None,
        settings: RelaySettings | None = None,
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._clock = clock
        self._wake = wake or Wake()
        self._settings = settings or RelaySettings()
        self._publisher: Publisher | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until stopped; an absent broker or database is waited for, without limit."""
        try:
            while not stop.is_set():
                ticket = self._wake.ticket()
                pause = await self._turn()
                if pause:
                    await _first(stop.wait(), Wake.wait(ticket, pause))
        finally:
            await self._discard()

    async def _turn(self) -> float:
        """Take one step; tell how many seconds to wait before the next."""
        try:
            moved = await self.step()
        except TransportAway as error:
            metrics.RELAY_FAILURES.labels("transport_away").inc()
            log.warning("the transport is away; the outbox keeps what it has", extra={"error": str(error)})
            return self._settings.retry
        except DATABASE_FAILURES as error:
            metrics.RELAY_FAILURES.labels("database_away").inc()
            log.warning("the relay could not use its database", extra={"error": type(error).__name__})
            return self._settings.retry
        return 0 if moved else self._settings.poll

    async def step(self) -> int:
        """Publish one batch and tell how many rows left the outbox.

        Raises TransportAway, with the outbox as it was; what was on its way may be published twice.
        """
        async with self._engine.begin() as connection:
            shards, rows = await self._take(connection)
            if not rows:
                return 0
            try:
                await self._publish([_record(row) for row in rows])
            except RecordRefused as refusal:
                await self._set_aside(connection, rows[refusal.index], refusal.reason)
                return 1
            await connection.execute(_DELETE, {"positions": [row.position for row in rows]})
            await connection.execute(_SERVED, {"now": self._clock(), "shards": shards})
        metrics.RELAY_PUBLISHED.inc(len(rows))
        return len(rows)

    async def _take(self, connection: AsyncConnection) -> tuple[list[int], Sequence[Any]]:
        locked = await connection.execute(_LOCK, {"shards": self._settings.shards})
        shards = list(locked.scalars())
        if not shards:
            return [], []
        read = await connection.execute(_READ, {"shards": shards, "rows": self._settings.rows})
        return shards, read.all()

    async def _publish(self, records: Sequence[Record]) -> None:
        """Publish, or throw the publisher away: after a failure nothing it still holds can be trusted."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout):
                if self._publisher is None:
                    self._publisher = await self._transport.open_publisher()
                await self._publisher.publish(records)
        except TimeoutError as error:
            await self._discard()
            raise TransportAway(f"no acknowledgement in {self._settings.publish_timeout} s") from error
        except BaseException:
            await self._discard()
            raise

    async def _discard(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(self._settings.publish_timeout):
                    await publisher.close()

    async def _set_aside(self, connection: AsyncConnection, row: Any, reason: str) -> None:
        log.error(
            "the transport will never take a record; it is kept in outbox_refused", extra={"reason": reason}
        )
        metrics.RELAY_REFUSED.inc()
        await connection.execute(
            _SET_ASIDE, {"position": row.position, "now": self._clock(), "reason": reason[:500]}
        )


def _record(row: Any) -> Record:
    headers = unpack(row.headers)
    if row.sequence is not None:
        name, text = sequence_header(row.sequence)
        headers = (*headers, (name, text.encode()))
    return Record(row.topic, row.key.encode(), headers, row.value)


async def _first(*waits: Any) -> None:
    """Wait for whichever comes first, and leave nothing running behind."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
