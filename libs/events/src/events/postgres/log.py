"""The embedded log: the transport of a single machine, kept in a PostgreSQL database of its own.

One appender at a time per partition, by the lock on the partition's head, so that position order is commit order. A
reader holds its group's cursor rows while it handles one bounded batch; a reader that dies frees them at once.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from common.clock import Clock
from events.postgres.headers import unpack
from events.postgres.listen import Listener
from events.postgres.log_writing import CHANNEL, HEADS, LogPublisher, away_as_failure
from events.postgres.tables import SHARDS
from events.reading_metrics import polled
from events.transport import (
    Handle,
    Partition,
    Positions,
    Publisher,
    Received,
    Record,
    Subscription,
    Transport,
)
from events.turning import Beat, unwatched
from events.wake import Pace, Wake, rest

log = logging.getLogger(__name__)

_BEAT = 1.0

_CURSORS = sa.text("""
INSERT INTO log_cursor (consumer_group, topic, partition, next_position, served_at)
SELECT :group, topic, partition, 0, 'epoch'
  FROM unnest(CAST(:topics AS text[])) AS topic, generate_series(0, :last) AS partition
ON CONFLICT DO NOTHING
""")
# The records are seen as of before the lock, and so are the heads. What another reader has moved in between is locked, though
# there is nothing to read: it is `passed`, and must be let go at once, or it would be held for as long as the batch lasts.
# Else a row without a record is a partition whose unread ones retention took.
_TAKE = sa.text("""
WITH waiting AS MATERIALIZED (
    SELECT c.topic, c.partition, h.next_position AS head FROM log_cursor c
      JOIN log_head h ON h.topic = c.topic AND h.partition = c.partition
     WHERE c.consumer_group = :group AND c.topic = ANY(CAST(:topics AS text[])) AND c.next_position < h.next_position
), taken AS MATERIALIZED (
    SELECT c.topic, c.partition, c.next_position, c.served_at, waiting.head FROM log_cursor c
      JOIN waiting ON waiting.topic = c.topic AND waiting.partition = c.partition
     WHERE c.consumer_group = :group
     ORDER BY c.served_at, c.topic, c.partition LIMIT :partitions FOR UPDATE OF c SKIP LOCKED
)
SELECT taken.topic, taken.partition, taken.head, r.position, r.key, r.headers, r.value, r.written_at,
       (SELECT bool_or(next_position >= head) FROM taken) AS passed
  FROM taken LEFT JOIN LATERAL (
      SELECT position, key, headers, value, written_at FROM log_record
       WHERE topic = taken.topic AND partition = taken.partition AND position >= taken.next_position
       ORDER BY position LIMIT :rows
  ) AS r ON TRUE
 ORDER BY taken.served_at, taken.topic, taken.partition, r.position LIMIT :rows
""")
_MOVE = sa.text("""
UPDATE log_cursor c SET next_position = given.position, served_at = CAST(:now AS timestamptz)
  FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS smallint[]), CAST(:positions AS bigint[]))
       AS given (topic, partition, position) JOIN log_head h USING (topic, partition)
 WHERE c.consumer_group = :group AND c.topic = given.topic AND c.partition = given.partition
RETURNING h.next_position > given.position
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
    """Looked for so often where no word comes."""
    together: float = 5.0
    """A batch of several partitions that takes longer is given up: partitions are then read one by one for `apart`."""
    apart: float = 60.0
    drain: float = 5.0
    retention: timedelta = timedelta(days=7)


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
        async with away_as_failure(), self._engine.connect() as connection:
            rows = await connection.execute(statement, values)
            return {(topic, partition): position for topic, partition, position in rows}

    async def expire(self, *, rows: int = 5_000) -> int:
        """Drop a batch of records older than the retention; tell how many."""
        before = self._clock() - self._settings.retention
        async with away_as_failure(), self._engine.begin() as connection:
            return (await connection.execute(_EXPIRE, {"before": before, "rows": rows})).rowcount

    @override
    async def close(self) -> None:
        await self._engine.dispose()


class LogSubscription(Subscription):
    """Reads the log as one member of a group.

    Its workers look one after another, since what comes needs one of them, and each takes as many partitions as fill a
    batch. What of several is not finished soon is given up, and for a while each worker takes one partition at a time: so
    what holds up one partition holds up no other for long.
    """

    def __init__(
        self, engine: AsyncEngine, clock: Clock, settings: LogSettings, topics: tuple[str, ...], group: str
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._settings = settings
        self._topics = topics
        self._group = group
        self._wake = Wake()
        self._ticket = self._wake.ticket()
        self._pace = Pace()
        self._looking = asyncio.Lock()
        self._more = True
        self._width = 1
        self._apart_until = 0.0

    @override
    async def run(self, handle: Handle, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        async with away_as_failure(), self._engine.begin() as connection:
            values = {"topics": list(self._topics), "last": SHARDS - 1}
            await connection.execute(HEADS, values)
            await connection.execute(_CURSORS, {**values, "group": self._group})
        async with Listener(self._engine, CHANNEL, self._wake, about=self._topics):
            workers = [asyncio.create_task(self._work(handle, stop)) for _ in range(self._settings.workers)]
            try:
                await _until_stopped(workers, stop, self._settings.drain, beat)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, handle: Handle, stop: asyncio.Event) -> None:
        while not stop.is_set():
            async with contextlib.AsyncExitStack() as looking:
                await looking.enter_async_context(self._looking)
                if not self._more:
                    await rest(stop, self._ticket, self._settings.poll)
                    await self._pace.keep(stop)
                self._ticket = self._wake.ticket()
                if not stop.is_set():
                    await self.serve_one(self._handed(handle, looking))

    def _handed(self, handle: Handle, looking: contextlib.AsyncExitStack) -> Handle:
        """Have the next worker look as soon as there is something to handle."""

        async def handed(batch: Sequence[Received]) -> int:
            self._pace.works()
            await looking.aclose()
            began = time.monotonic()
            try:
                return await handle(batch)
            finally:
                self._pace.worked(began)

        return handed

    async def serve_one(self, handle: Handle) -> bool:
        """Hand over one batch; tell whether there was any."""
        polled(self._group)
        async with away_as_failure(), self._engine.begin() as connection:
            rows = await self._take(connection)
            if not rows:
                return False
            if rows[0].passed:
                self._more = True
                return True
            following = self._lost(rows)
            batch = [_received(row) for row in rows if row.position is not None]
            finished = await self._finish(batch, handle) if batch else 0
            for each in batch[:finished]:
                following[each.record.topic, each.partition] = each.position + 1
            # A word that comes before these partitions are free may be heard by nobody who could take them.
            ticket = self._wake.ticket()
            left = await self._move(connection, following) or finished < len(batch)
            # A full batch may have left out partitions that it held.
            left = left or len(rows) >= self._settings.batch
        if left or ticket.is_set():
            self._wake.ring()
        return True

    async def _take(self, connection: AsyncConnection) -> Sequence[Any]:
        values = {
            "group": self._group,
            "topics": list(self._topics),
            "partitions": self._width,
            "rows": self._settings.batch,
        }
        rows = (await connection.execute(_TAKE, values)).all()
        full = len(rows) >= self._settings.batch
        taken = len({(row.topic, row.partition) for row in rows})
        every = SHARDS * len(self._topics)
        self._more = full or self._width <= taken < every
        # Full partitions are left to others, and many that hold little go in one transaction.
        if full or time.monotonic() < self._apart_until:
            self._width = 1
        elif taken >= self._width:
            self._width = min(2 * self._width, every)
        return rows

    def _lost(self, rows: Sequence[Any]) -> dict[Partition, int]:
        """Find the partitions whose unread records retention has taken, and where each goes on: with what comes next."""
        lost = {(row.topic, row.partition): row.head for row in rows if row.position is None}
        for topic, partition in lost:
            place = {"group": self._group, "topic": topic, "partition": partition}
            log.error("a group lost unread records to retention", extra=place)
        return lost

    async def _finish(self, batch: Sequence[Received], handle: Handle) -> int:
        """Handle a batch and tell how many records are finished; none of several partitions that take too long."""
        if all(_place(each) == _place(batch[0]) for each in batch):
            return await handle(batch)
        bound = asyncio.timeout(self._settings.together)
        try:
            async with bound:
                return await handle(batch)
        except TimeoutError:
            if not bound.expired():
                raise
        log.warning("a batch took too long, and partitions are read one by one", extra={"group": self._group})
        self._width, self._apart_until = 1, time.monotonic() + self._settings.apart
        return 0

    async def _move(self, connection: AsyncConnection, following: Mapping[Partition, int]) -> bool:
        """Move the group's cursors, and tell whether there is more to read where they are now."""
        if not following:
            return False
        values = {
            "group": self._group,
            "topics": [topic for topic, _ in following],
            "partitions": [partition for _, partition in following],
            "positions": list(following.values()),
            "now": self._clock(),
        }
        return any((await connection.execute(_MOVE, values)).scalars())


def _place(received: Received) -> Partition:
    return received.record.topic, received.partition


def _received(row: Any) -> Received:
    written_at: datetime = row.written_at
    return Received(
        Record(row.topic, row.key, unpack(row.headers), row.value), row.partition, row.position, written_at
    )


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
