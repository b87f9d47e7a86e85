"""The inbox: remembers what a group has handled, in the transaction of the effect."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from events.delivery import Claim, Delivery
from events.failures import AlreadyHandled, KeyBlocked

_Name = tuple[str, str]
"""An event's source and id."""

# In the order of their names, so that two members that hold the same events never wait for one another in a circle. The
# look for what is parked is a scalar subquery, which goes by the index for each key: for a NOT EXISTS PostgreSQL may keep
# a plan that reads the whole table, made when nothing was parked yet.
_CLAIM = sa.text("""
INSERT INTO inbox (consumer_group, source, event_id, state, claimed_at)
SELECT :group, source, event_id, 'handled', CAST(:now AS timestamptz)
  FROM unnest(CAST(:sources AS text[]), CAST(:event_ids AS text[]), CAST(:keys AS text[])) AS given (source, event_id, key)
 WHERE (
     SELECT 1 FROM parked WHERE consumer_group = :group AND key = given.key AND state <> 'discarded' LIMIT 1
 ) IS NULL
 ORDER BY source, event_id
ON CONFLICT DO NOTHING RETURNING source, event_id
""")
_SEEN = sa.text("""
SELECT source, event_id FROM inbox
 WHERE consumer_group = :group
   AND (source, event_id) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:event_ids AS text[])))
""")
_UNPARK = sa.text("DELETE FROM parked WHERE id = :parked AND state = 'parked' RETURNING 1")
_HANDLED = sa.text("""
UPDATE inbox SET state = 'handled', claimed_at = CAST(:now AS timestamptz)
 WHERE consumer_group = :group AND source = :source AND event_id = :event_id
""")
_PURGE = sa.text("""
DELETE FROM inbox WHERE ctid IN (
    SELECT ctid FROM inbox WHERE claimed_at < CAST(:before AS timestamptz) AND state <> 'parked' LIMIT :rows
)
""")


async def claim(connection: AsyncConnection, delivery: Delivery, *, now: datetime) -> None:
    """Claim a delivery as the first write of its effect's transaction.

    Waits for another transaction that holds the same claim, and wins if that one fails. Raises AlreadyHandled, or
    KeyBlocked where an earlier event of the key is parked or dead; then nothing may be written.
    """
    (found,) = await claim_all(connection, [delivery], now=now)
    match found:
        case Claim.NEW:
            return
        case Claim.SEEN:
            raise AlreadyHandled(f"{delivery.event_id} was handled before")
        case Claim.BLOCKED:
            raise KeyBlocked(f"an earlier event of {delivery.key} is parked")
        case never:
            assert_never(never)


async def claim_all(
    connection: AsyncConnection, deliveries: Sequence[Delivery], *, now: datetime
) -> Sequence[Claim]:
    """Claim deliveries to one group as `claim` does, and tell what was found of each.

    Of an event that is given twice only the first is NEW.
    """
    first = [delivery for delivery in deliveries if delivery.parked is None]
    new = await _claim_first(connection, first, now=now) if first else set()
    left = [delivery for delivery in first if _name(delivery) not in new]
    seen = new | (await _seen(connection, left) if left else set())
    claims = []
    for delivery in deliveries:
        name = _name(delivery)
        if delivery.parked is not None:
            claims.append(await _drain(connection, delivery, now=now))
        elif name in new:
            new.discard(name)
            claims.append(Claim.NEW)
        else:
            claims.append(Claim.SEEN if name in seen else Claim.BLOCKED)
    return claims


async def _claim_first(
    connection: AsyncConnection, deliveries: Sequence[Delivery], *, now: datetime
) -> set[_Name]:
    keys = [delivery.key for delivery in deliveries]
    claimed = await connection.execute(_CLAIM, {**_names(deliveries), "keys": keys, "now": now})
    return {(row.source, row.event_id) for row in claimed}


async def _seen(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> set[_Name]:
    found = await connection.execute(_SEEN, _names(deliveries))
    return {(row.source, row.event_id) for row in found}


async def _drain(connection: AsyncConnection, delivery: Delivery, *, now: datetime) -> Claim:
    drained = await connection.execute(_UNPARK, {"parked": delivery.parked})
    if drained.first() is None:
        return Claim.SEEN
    identity = {"group": delivery.group, "source": delivery.source, "event_id": delivery.event_id}
    await connection.execute(_HANDLED, {**identity, "now": now})
    return Claim.NEW


def _name(delivery: Delivery) -> _Name:
    return delivery.source, delivery.event_id


def _names(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "group": deliveries[0].group,
        "sources": [delivery.source for delivery in deliveries],
        "event_ids": [delivery.event_id for delivery in deliveries],
    }


async def purge(connection: AsyncConnection, *, before: datetime, rows: int = 5_000) -> int:
    """Forget a batch of claims older than the topics and dead letters that could repeat them; tell how many."""
    return (await connection.execute(_PURGE, {"before": before, "rows": rows})).rowcount
