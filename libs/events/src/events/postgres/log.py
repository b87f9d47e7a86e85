"""The embedded log: the transport of a single machine, kept in a PostgreSQL database of its own.

One appender at a time per partition, by the lock on the partition's head, so that position order is commit order. A
reader holds its group's cursor row while it handles one bounded batch; a reader that dies frees it at once.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from common.clock import Clock
from events.failures import TransportAway
from events.postgres.away import DATABASE_FAILURES
from events.postgres.headers import pack, unpack
from events.postgres.listen import Listener
from events.postgres.outbox import shard_of
from events.postgres.tables import SHARDS
from events.reading_metrics import polled
from events.transport import (
    Handle,
    Positions,
    Publisher,
    Received,
    Record,
    Refusal,
    Subscription,
    Transport,
    oversize,
)
from events.turning import Beat, unwatched
from events.wake import Wake

log = logging.getLogger(__name__)

CHANNEL = "redress_log"
_BEAT = 1.0

_HEADS = sa.text("""
INSERT INTO log_head (topic, partition, next_position)
SELECT topic, partition, 0 FROM unnest(CAST(:topics AS text[])) AS topic, generate_series(0, :last) AS partition
ON CONFLICT DO NOTHING
""")
_LOCK_HEADS = sa.text("""
SELECT topic, partition, next_position FROM log_head
 WHERE (topic, partition) IN (
     SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS smallint[]))
 )
 ORDER BY topic, partition FOR UPDATE
""")
_APPEND = sa.text("""
INSERT INTO log_record (topic, partition, position, key, headers, value, written_at)
SELECT *, CAST(:now AS timestamptz)
  FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS smallint[]), CAST(:positions AS bigint[]),
              CAST(:keys AS bytea[]), CAST(:headers AS bytea[]), CAST(:bodies AS bytea[]))
""")
_MOVE_HEADS = sa.text("""
UPDATE log_head h SET next_position = given.next_position
  FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS smallint[]), CAST(:positions AS bigint[]))
       AS given (topic, partition, next_position)
 WHERE h.topic = given.topic AND h.partition = given.partition
""")
_NOTIFY = sa.text(f"SELECT pg_notify('{CHANNEL}', '')")
_CURSORS = sa.text("""
INSERT INTO log_cursor (consumer_group, topic, partition, next_position, served_at)
SELECT :group, topic, partition, 0, 'epoch'
  FROM unnest(CAST(:topics AS text[])) AS topic, generate_series(0, :last) AS partition
ON CONFLICT DO NOTHING
""")
_TAKE = sa.text("""
SELECT c.topic, c.partition, c.next_position FROM log_cursor c
  JOIN log_head h ON h.topic = c.topic AND h.partition = c.partition
 WHERE c.consumer_group = :group AND c.topic = ANY(CAST(:topics AS text[])) AND c.next_position < h.next_position
 ORDER BY c.served_at, c.topic, c.partition LIMIT 1 FOR UPDATE OF c SKIP LOCKED
""")
_READ = sa.text("""
SELECT position, key, headers, value, written_at FROM log_record
 WHERE topic = :topic AND partition = :partition AND position >= :position ORDER BY position LIMIT :rows
""")
_END = sa.text("SELECT next_position FROM log_head WHERE topic = :topic AND partition = :partition")
_MOVE = sa.text("""
UPDATE log_cursor SET next_position = :position, served_at = CAST(:now AS timestamptz)
 WHERE consumer_group = :group AND topic = :topic AND partition = :partition
""")
_ENDS = sa.text(
    "SELECT topic, partition, next_position FROM log_head WHERE topic = ANY(CAST(:topics AS text[]))"
)
_COMMITTED = sa.text("""
SELECT topic, partition, next_position FROM log_cursor
 WHERE consumer_group = :group AND topic = ANY(CAST(:topics AS text[]))
""")
_EXPIRE = sa.text("""
DELETE FROM log_record WHERE ctid IN (
    SELECT ctid FROM log_record WHERE written_at < CAST(:before AS timestamptz) ORDER BY written_at LIMIT :rows
)
""")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Sizes of the embedded log; times in seconds."""

    batch: int = 100
    workers: int = 2
    poll: float = 1.0
    drain: float = 5.0
    retention: timedelta = timedelta(days=7)


@asynccontextmanager
async def _away_as_failure() -> AsyncIterator[None]:
    """Turn what a missing database raises into the port's own failure."""
    try:
        yield
    except DATABASE_FAILURES as error:
        raise TransportAway(f"the log's database: {type(error).__name__}") from error


class LogTransport(Transport):
    """Carries records in the log's database; several services and processes share it."""

    def __init__(self, engine: AsyncEngine, clock: Clock, settings: LogSettings | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._settings = settings or LogSettings()

    @override
    async def open_publisher(self) -> Publisher:
        return LogPublisher(self._engine, self._clock)

    @override
    def subscribe(self, topics: Sequence[str], group: str) -> Subscription:
        return LogSubscription(self._engine, self._clock, self._settings, tuple(topics), group)

    @override
    async def ends(self, topics: Sequence[str]) -> Positions:
        return await self._positions(_ENDS, {"topics": list(topics)})

    @override
    async def committed(self, topics: Sequence[str], group: str) -> Positions:
        return await self._positions(_COMMITTED, {"topics": list(topics), "group": group})

    async def _positions(self, statement: sa.TextClause, values: Mapping[str, Any]) -> Positions:
        async with _away_as_failure(), self._engine.connect() as connection:
            rows = await connection.execute(statement, values)
            return {(topic, partition): position for topic, partition, position in rows}

    async def expire(self, *, rows: int = 5_000) -> int:
        """Drop a batch of records older than the retention; tell how many."""
        before = self._clock() - self._settings.retention
        async with _away_as_failure(), self._engine.begin() as connection:
            return (await connection.execute(_EXPIRE, {"before": before, "rows": rows})).rowcount

    @override
    async def close(self) -> None:
        await self._engine.dispose()


class LogPublisher(Publisher):
    """Appends to the log."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @override
    async def publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        refused = oversize(records)
        if taken := [record for index, record in enumerate(records) if index not in refused]:
            async with _away_as_failure(), self._engine.begin() as connection:
                await self._append(connection, taken)
        return refused

    async def _append(self, connection: AsyncConnection, records: Sequence[Record]) -> None:
        places = [(record.topic, shard_of(record.key.decode("utf-8", "replace"))) for record in records]
        heads = await _lock_heads(connection, sorted(set(places)))
        positions = []
        for place in places:
            positions.append(heads[place])
            heads[place] += 1
        await connection.execute(
            _APPEND,
            {
                "topics": [topic for topic, _ in places],
                "partitions": [partition for _, partition in places],
                "positions": positions,
                "keys": [record.key for record in records],
                "headers": [pack(record.headers) for record in records],
                "bodies": [record.value for record in records],
                "now": self._clock(),
            },
        )
        await connection.execute(
            _MOVE_HEADS,
            {
                "topics": [topic for topic, _ in heads],
                "partitions": [partition for _, partition in heads],
                "positions": list(heads.values()),
            },
        )
        # One word for the whole batch: a NOTIFY takes a lock that all writers share.
        await connection.execute(_NOTIFY)

    @override
    async def close(self) -> None:
        return


async def _lock_heads(
    connection: AsyncConnection, places: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    values = {"topics": [topic for topic, _ in places], "partitions": [partition for _, partition in places]}
    heads = {
        (topic, partition): position
        for topic, partition, position in await connection.execute(_LOCK_HEADS, values)
    }
    if len(heads) < len(places):
        await connection.execute(
            _HEADS, {"topics": sorted({topic for topic, _ in places}), "last": SHARDS - 1}
        )
        return await _lock_heads(connection, places)
    return heads


class LogSubscription(Subscription):
    """Reads the log as one member of a group; each worker takes one partition at a time."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, settings: LogSettings, topics: tuple[str, ...], group: str
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._settings = settings
        self._topics = topics
        self._group = group

    @override
    async def run(self, handle: Handle, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        async with _away_as_failure(), self._engine.begin() as connection:
            values = {"topics": list(self._topics), "last": SHARDS - 1}
            await connection.execute(_HEADS, values)
            await connection.execute(_CURSORS, {**values, "group": self._group})
        wake = Wake()
        async with Listener(self._engine, CHANNEL, wake):
            workers = [
                asyncio.create_task(self._work(handle, stop, wake)) for _ in range(self._settings.workers)
            ]
            try:
                await _until_stopped(workers, stop, self._settings.drain, beat)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, handle: Handle, stop: asyncio.Event, wake: Wake) -> None:
        while not stop.is_set():
            ticket = wake.ticket()
            if not await self.serve_one(handle):
                await _idle(stop, ticket, self._settings.poll)

    async def serve_one(self, handle: Handle) -> bool:
        """Hand over one batch of one partition; tell whether there was any."""
        polled(self._group)
        async with _away_as_failure(), self._engine.begin() as connection:
            taken = (
                await connection.execute(_TAKE, {"group": self._group, "topics": list(self._topics)})
            ).first()
            if taken is None:
                return False
            place = {"topic": taken.topic, "partition": taken.partition}
            read = await connection.execute(
                _READ, {**place, "position": taken.next_position, "rows": self._settings.batch}
            )
            batch = [_received(taken.topic, taken.partition, row) for row in read]
            following = await self._following(connection, place, batch, handle)
            await connection.execute(
                _MOVE, {**place, "group": self._group, "position": following, "now": self._clock()}
            )
            return True

    async def _following(
        self, connection: AsyncConnection, place: Mapping[str, Any], batch: Sequence[Received], handle: Handle
    ) -> int:
        """Handle a batch and tell the position to go on from."""
        if not batch:
            # Retention took what was not read yet: go on with what is written next.
            log.error("a group lost unread records to retention", extra={"group": self._group, **place})
            return int((await connection.execute(_END, place)).scalar_one())
        finished = await handle(batch)
        return batch[finished - 1].position + 1 if finished else batch[0].position


def _received(topic: str, partition: int, row: Any) -> Received:
    written_at: datetime = row.written_at
    return Received(
        Record(topic, row.key, unpack(row.headers), row.value), partition, row.position, written_at
    )


async def _idle(stop: asyncio.Event, ticket: asyncio.Event, seconds: float) -> None:
    stopped = asyncio.create_task(stop.wait())
    rung = asyncio.create_task(ticket.wait())
    try:
        await asyncio.wait({stopped, rung}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (stopped, rung):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _until_stopped(
    workers: Sequence[asyncio.Task[None]], stop: asyncio.Event, drain: float, beat: Beat
) -> None:
    """Wait for stop and then, within the bound, for the batches under way; a worker's failure is raised at once."""
    stopped = asyncio.create_task(stop.wait())
    try:
        done: set[asyncio.Task[Any]] = set()
        while not done:
            beat()
            done, _ = await asyncio.wait(
                {stopped, *workers}, timeout=_BEAT, return_when=asyncio.FIRST_COMPLETED
            )
        if stopped in done:
            done, _ = await asyncio.wait(workers, timeout=drain)
        for task in done:
            task.result()
    finally:
        stopped.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopped
