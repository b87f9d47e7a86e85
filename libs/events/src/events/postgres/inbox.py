"""The inbox: remembers what a group has handled, in the transaction of the effect."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from events.delivery import Delivery
from events.failures import AlreadyHandled, KeyBlocked

_CLAIM = sa.text("""
INSERT INTO inbox (consumer_group, source, event_id, state, claimed_at)
SELECT :group, :source, :event_id, 'handled', CAST(:now AS timestamptz)
 WHERE NOT EXISTS (
     SELECT 1 FROM parked WHERE consumer_group = :group AND key = :key AND state <> 'discarded'
 )
ON CONFLICT DO NOTHING RETURNING 1
""")
_SEEN = sa.text("""
SELECT 1 FROM inbox WHERE consumer_group = :group AND source = :source AND event_id = :event_id
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
    identity = {"group": delivery.group, "source": delivery.source, "event_id": delivery.event_id}
    if delivery.parked is not None:
        drained = await connection.execute(_UNPARK, {"parked": delivery.parked})
        if drained.first() is None:
            raise AlreadyHandled(f"{delivery.event_id} was drained by another")
        await connection.execute(_HANDLED, {**identity, "now": now})
        return
    claimed = await connection.execute(_CLAIM, {**identity, "key": delivery.key, "now": now})
    if claimed.first() is not None:
        return
    if (await connection.execute(_SEEN, identity)).first() is not None:
        raise AlreadyHandled(f"{delivery.event_id} was handled before")
    raise KeyBlocked(f"an earlier event of {delivery.key} is parked")


async def purge(connection: AsyncConnection, *, before: datetime, rows: int = 5_000) -> int:
    """Forget a batch of claims older than the topics and dead letters that could repeat them; tell how many."""
    return (await connection.execute(_PURGE, {"before": before, "rows": rows})).rowcount
