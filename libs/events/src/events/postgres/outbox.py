"""The outbox: what a service will announce, written in the transaction of what it changed.

A row's position follows business order only where the thing it tells of was locked before; the upsert of the key's
counter takes that lock at the latest here, so that two transactions never write one key's events in each other's gap.
"""

from collections.abc import Sequence
from datetime import datetime
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from events.postgres.headers import pack, pack_texts
from events.postgres.tables import SHARDS
from events.series import Announced, Written, written
from events.transport import MAX_RECORD_BYTES, Record

APPEND = """
WITH given AS (
    SELECT * FROM unnest(
        CAST($1 AS text[]), CAST($2 AS smallint[]), CAST($3 AS bytea[]), CAST($4 AS bytea[])
    ) WITH ORDINALITY AS given (key, shard, headers, value, nth)
), counted AS (
    INSERT INTO outbox_sequence (key, last)
    SELECT key, count(*) FROM given GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET last = outbox_sequence.last + excluded.last
    RETURNING key, last
)
INSERT INTO outbox (shard, topic, key, sequence, headers, value, recorded_at)
SELECT shard, CAST($5 AS text), given.key,
       last - count(*) OVER (PARTITION BY given.key)
            + row_number() OVER (PARTITION BY given.key ORDER BY nth),
       headers, value, CAST($6 AS timestamptz)
  FROM given JOIN counted ON counted.key = given.key
 ORDER BY nth
"""

APPEND_FIRST = """
counted AS (
    INSERT INTO outbox_sequence (key, last) SELECT key, max(sequence) FROM announced GROUP BY key ORDER BY key
), appended AS (
    INSERT INTO outbox (shard, topic, key, sequence, headers, value, recorded_at)
    SELECT shard, topic, key, sequence, headers, value, recorded_at FROM announced ORDER BY nth
)
"""
"""Parts of a statement that makes new things and tells of them at once, the first events of keys that never had one.

The statement has before it `announced` with the columns key, shard, topic, headers, value and recorded_at, the values
of which come from `values`, `sequence` from 1 for each key, and `nth`, the order of all. A key that had an event before
breaks the statement.
"""

_APPEND_RAW = sa.text("""
INSERT INTO outbox (shard, topic, key, headers, value, recorded_at)
VALUES (:shard, :topic, :key, :headers, :value, CAST(:now AS timestamptz))
""")


def shard_of(key: str) -> int:
    """Tell a key's shard; the same in every process and for ever."""
    return crc32(key.encode()) % SHARDS


async def append(
    connection: AsyncConnection, topic: str, events: Sequence[Announced], *, now: datetime
) -> None:
    """Write events to be announced on a topic, in the order given, numbering them per key without gaps.

    Raises ValueError as `values` does.
    """
    if events:
        await connection.exec_driver_sql(APPEND, values(topic, events, now=now))


def values(topic: str, events: Sequence[Announced], *, now: datetime) -> tuple[object, ...]:
    """Give what `APPEND` takes.

    Raises ValueError for an event over the size that a transport carries: a contract's fields are bounded, so that
    this is a programming error and no user's.
    """
    told = [event if isinstance(event, Written) else written(event) for event in events]
    headers = [pack_texts(each.attributes) for each in told]
    bodies = [each.value for each in told]
    for each, header, body in zip(told, headers, bodies, strict=True):
        if len(header) + len(body) > MAX_RECORD_BYTES:
            raise ValueError(
                f"an event of type {each.type} has {len(body)} bytes, more than a transport carries"
            )
    keys = [each.key for each in told]
    return keys, [shard_of(key) for key in keys], headers, bodies, topic, now


async def append_record(connection: AsyncConnection, record: Record, *, now: datetime) -> None:
    """Write a ready record, such as a dead letter with its original bytes."""
    key = record.key.decode("utf-8", "replace").replace("\x00", "�")
    await connection.execute(
        _APPEND_RAW,
        {
            "shard": shard_of(key),
            "topic": record.topic,
            "key": key,
            "headers": pack(record.headers),
            "value": record.value,
            "now": now,
        },
    )
