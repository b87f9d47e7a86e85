"""Appends to the embedded log: one appender at a time per partition, by the lock on the partition's head."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from common.clock import Clock
from events.failures import TransportAway
from events.postgres.away import DATABASE_FAILURES
from events.postgres.headers import pack
from events.postgres.outbox import shard_of
from events.postgres.tables import SHARDS
from events.transport import Publisher, Record, Refusal, oversize

CHANNEL = "redress_log"
HEADS = sa.text("""
INSERT INTO log_head (topic, partition, next_position)
SELECT topic, partition, 0 FROM unnest(CAST(:topics AS text[])) AS topic, generate_series(0, :last) AS partition
ON CONFLICT DO NOTHING
""")
# One statement is one round trip and one transaction. Whoever waits for a head is given it as the one before has left it;
# heads are locked in one order, so that nobody waits in a circle. Where a head is missing nothing is written.
_APPEND = sa.text(f"""
WITH given AS MATERIALIZED (
    SELECT topic, partition, key, headers, value, ordinal,
           row_number() OVER (PARTITION BY topic, partition ORDER BY ordinal) - 1 AS behind
      FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS smallint[]), CAST(:keys AS bytea[]),
                  CAST(:headers AS bytea[]), CAST(:bodies AS bytea[]))
           WITH ORDINALITY AS given (topic, partition, key, headers, value, ordinal)
), place AS MATERIALIZED (
    SELECT topic, partition, count(*) AS number FROM given GROUP BY topic, partition
), head AS MATERIALIZED (
    SELECT topic, partition, next_position FROM log_head
     WHERE (topic, partition) IN (SELECT topic, partition FROM place)
     ORDER BY topic, partition FOR UPDATE
), appended AS (
    INSERT INTO log_record (topic, partition, position, key, headers, value, written_at)
    SELECT topic, partition, next_position + behind, key, headers, value, CAST(:now AS timestamptz)
      FROM given JOIN head USING (topic, partition)
     WHERE (SELECT count(*) FROM head) = (SELECT count(*) FROM place)
    RETURNING topic
), moved AS (
    UPDATE log_head SET next_position = head.next_position + place.number
      FROM head JOIN place USING (topic, partition)
     WHERE log_head.topic = head.topic AND log_head.partition = head.partition
       AND (SELECT count(*) FROM head) = (SELECT count(*) FROM place)
)
SELECT pg_notify('{CHANNEL}', topic) FROM (SELECT DISTINCT topic FROM appended) AS told
""")  # noqa: S608  (a name of our own)


@asynccontextmanager
async def away_as_failure() -> AsyncIterator[None]:
    """Turn what a missing database raises into the port's own failure."""
    try:
        yield
    except DATABASE_FAILURES as error:
        raise TransportAway(f"the log's database: {type(error).__name__}") from error


class LogPublisher(Publisher):
    """Appends to the log."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @override
    async def publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        refused = oversize(records)
        if taken := [record for index, record in enumerate(records) if index not in refused]:
            async with away_as_failure():
                await self._append(taken)
        return refused

    async def _append(self, records: Sequence[Record]) -> None:
        values = {
            "topics": [record.topic for record in records],
            "partitions": [shard_of(record.key.decode("utf-8", "replace")) for record in records],
            "keys": [record.key for record in records],
            "headers": [pack(record.headers) for record in records],
            "bodies": [record.value for record in records],
            "now": self._clock(),
        }
        # One word for each topic of the batch: a NOTIFY takes a lock that all writers share.
        while not await self._written(values):
            async with self._engine.begin() as connection:
                topics = sorted({record.topic for record in records})
                await connection.execute(HEADS, {"topics": topics, "last": SHARDS - 1})

    async def _written(self, values: Mapping[str, Any]) -> bool:
        async with self._engine.connect() as connection:
            # The statement is a transaction of its own, without the round trips that begin and end one.
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            return bool((await alone.execute(_APPEND, values)).all())

    @override
    async def close(self) -> None:
        return
