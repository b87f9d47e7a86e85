"""The relay: publishes the outbox as a queue, shard by shard, and deletes after the acknowledgement.

Whole shards are locked, never single rows, so that several relays keep each key's order; least recently served shards
come first, so that none starves. A row that commits late is simply still there.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.clock import Clock
from common.tracing import UNTRACED, Tracer
from events.codec import sequence_header
from events.failures import TransportAway
from events.postgres import metrics
from events.postgres.away import DATABASE_FAILURES
from events.postgres.headers import unpack
from events.postgres.holds import Held, Holds
from events.postgres.tables import SHARDS
from events.postgres.tracing import sending
from events.transport import Publisher, Record, Refusal, Transport
from events.turning import Beat, unwatched
from events.wake import Pace, Wake, rest

log = logging.getLogger(__name__)

_NOT_HELD = """
   AND NOT EXISTS (
       SELECT 1 FROM unnest(CAST(:held_topics AS text[]), CAST(:held_keys AS text[])) AS held (topic, key)
        WHERE held.topic = o.topic AND (held.key IS NULL OR held.key = o.key)
   )
"""


def _lock(condition: str) -> sa.TextClause:
    return sa.text(f"""
SELECT shard FROM outbox_shard s
 WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.shard = s.shard {condition})
 ORDER BY served_at, shard LIMIT :shards FOR UPDATE SKIP LOCKED
""")  # noqa: S608  (conditions of our own)


def _read(condition: str) -> sa.TextClause:
    return sa.text(f"""
SELECT position, topic, key, sequence, headers, value, recorded_at FROM outbox o
 WHERE shard = ANY(CAST(:locked AS smallint[])) {condition} ORDER BY position LIMIT :rows
""")  # noqa: S608  (conditions of our own)


# Reading is a statement of its own: its snapshot must be taken after the lock, or rows that another relay has just
# deleted would be published again.
_LOCK, _READ = _lock(""), _read("")
# What is held is passed over by both, or its shards would be served for nothing while others wait.
_LOCK_PAST, _READ_PAST = _lock(_NOT_HELD), _read(_NOT_HELD)
_WAITS = sa.text("SELECT EXISTS (SELECT FROM outbox)")
_DONE = sa.text("""
WITH served AS (
    UPDATE outbox_shard SET served_at = CAST(:now AS timestamptz) WHERE shard = ANY(CAST(:shards AS smallint[]))
)
DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))
""")
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
    """So many at once where they fill a batch, so that other relays find some too; else more, for fewer round trips."""
    poll: float = 0.1
    """Looked for so often, unless a bell tells of everything."""
    publish_timeout: float = 10.0
    retry: float = 0.5
    hold: float = 1.0
    """What the transport refuses is first tried again after so long, then ever later."""
    longest_hold: float = 60.0


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
        tracer: Tracer = UNTRACED,
        system: str = "kafka",
    ) -> None:
        self._tracer = tracer
        self._system = system
        self._engine = engine
        self._transport = transport
        self._clock = clock
        self._wake = wake or Wake()
        self._settings = settings or RelaySettings()
        self._publisher: Publisher | None = None
        self._holds = Holds(first=self._settings.hold, longest=self._settings.longest_hold)
        self._width = self._settings.shards
        self._more = False
        self._pace = Pace()

    async def run(self, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        """Publish until stopped; an absent broker or database is waited for, without limit."""
        try:
            rung = False
            while not stop.is_set():
                beat()
                await self._pace.keep(stop)
                ticket = self._wake.ticket()
                pause = await self._turn(rung=rung)
                if pause:
                    await rest(stop, ticket, pause)
                rung = ticket.is_set()
        finally:
            await self._discard()

    async def _turn(self, *, rung: bool) -> float:
        """Take one step; tell how many seconds to wait before the next. `rung`: whether the bell has called for this one."""
        began = time.monotonic()
        try:
            moved = await self.step() if rung or await self._waits() else 0
        except TransportAway as error:
            metrics.RELAY_FAILURES.labels("transport_away").inc()
            log.warning("the transport is away; the outbox keeps what it has", extra={"error": str(error)})
            return self._settings.retry
        except DATABASE_FAILURES as error:
            metrics.RELAY_FAILURES.labels("database_away").inc()
            log.warning("the relay could not use its database", extra={"error": type(error).__name__})
            return self._settings.retry
        if moved and not self._more:
            self._pace.worked(began)
        # What the bell has not told of came from another process, where more may have come since.
        if moved and (self._more or not rung):
            return 0
        # Passing over what is held may mean reading much of the outbox.
        return self._settings.retry if self._holds else self._wake.poll(self._settings.poll)

    async def step(self) -> int:
        """Publish one batch and tell how many rows left the outbox.

        What the transport refuses stays, and holds back the later records of its key, or of its topic; all others go
        on. Raises TransportAway, with the outbox as it was; what was on its way may be published twice.
        """
        async with self._engine.begin() as connection:
            shards, rows = await self._take(connection)
            if not rows:
                return 0
            refused = await self._publish([_record(row) for row in rows])
            gone = 0
            for index, refusal in refused.items():
                if refusal.scope == "record":
                    await self._set_aside(connection, rows[index], refusal.reason)
                    gone += 1
            written = [row for index, row in enumerate(rows) if index not in refused]
            positions = [row.position for row in written]
            await connection.execute(_DONE, {"positions": positions, "now": self._clock(), "shards": shards})
        self._note_written(written)
        self._note_refused(rows, refused)
        return len(written) + gone

    async def _waits(self) -> bool:
        """Tell whether the outbox holds anything, for less than a step that finds nothing."""
        async with self._engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            return bool((await alone.execute(_WAITS)).scalar_one())

    async def _take(self, connection: AsyncConnection) -> tuple[list[int], Sequence[Any]]:
        held = list(self._holds.waiting(self._clock()))
        past = (
            {"held_topics": [topic for topic, _ in held], "held_keys": [key for _, key in held]}
            if held
            else {}
        )
        locked = await connection.execute(_LOCK_PAST if held else _LOCK, {"shards": self._width, **past})
        shards = list(locked.scalars())
        if not shards:
            return [], []
        read = await connection.execute(
            _READ_PAST if held else _READ, {"locked": shards, "rows": self._settings.rows, **past}
        )
        rows = read.all()
        self._adapt(len(shards), len(rows))
        return shards, rows

    def _adapt(self, locked: int, read: int) -> None:
        """Choose how many shards to take next: twice as many where as many as were asked for held little."""
        self._more = read >= self._settings.rows or self._width <= locked < SHARDS
        if read >= self._settings.rows:
            self._width = self._settings.shards
        elif locked == self._width:
            self._width = min(2 * self._width, SHARDS)

    async def _publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        """Publish, or throw the publisher away: after a failure nothing it still holds can be trusted."""
        started = time.monotonic()
        try:
            with sending(self._tracer, self._system, records):
                async with asyncio.timeout(self._settings.publish_timeout):
                    if self._publisher is None:
                        self._publisher = await self._transport.open_publisher()
                    return await self._publisher.publish(records)
        except TimeoutError as error:
            await self._discard()
            raise TransportAway(f"no acknowledgement in {self._settings.publish_timeout} s") from error
        except BaseException:
            await self._discard()
            raise
        finally:
            metrics.PUBLISH_SECONDS.observe(time.monotonic() - started)

    def _note_written(self, rows: Sequence[Any]) -> None:
        for topic, number in Counter(row.topic for row in rows).items():
            metrics.PUBLISHED.labels(topic, "published").inc(number)
        if self._holds:
            for row in rows:
                self._holds.release(row.topic, row.key)
            metrics.HELD.set(len(self._holds))

    def _note_refused(self, rows: Sequence[Any], refused: Mapping[int, Refusal]) -> None:
        """Hold back each key, or topic, that was refused, and say so once."""
        held: dict[Held, str] = {}
        for index, refusal in refused.items():
            row = rows[index]
            match refusal.scope:
                case "record":
                    metrics.PUBLISHED.labels(row.topic, "set_aside").inc()
                    continue
                case "key":
                    held.setdefault((row.topic, row.key), refusal.reason)
                case "topic":
                    held.setdefault((row.topic, None), refusal.reason)
                case never:
                    assert_never(never)
        for (topic, key), reason in held.items():
            metrics.PUBLISHED.labels(topic, "refused").inc()
            self._holds.hold((topic, key), self._clock())
            log.error(
                "the transport refuses records; they wait in the outbox, and others go on",
                extra={"topic": topic, "key": key, "reason": reason},
            )
        if held:
            metrics.HELD.set(len(self._holds))

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
        await connection.execute(
            _SET_ASIDE, {"position": row.position, "now": self._clock(), "reason": reason[:500]}
        )


def _record(row: Any) -> Record:
    headers = unpack(row.headers)
    if row.sequence is not None:
        name, text = sequence_header(row.sequence)
        headers = (*headers, (name, text.encode()))
    return Record(row.topic, row.key.encode(), headers, row.value)
