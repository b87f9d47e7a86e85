"""Endpoints and deliveries inside one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.webhooks.sealing import Sealer
from intake.db.crm_tables import webhook_delivery, webhook_endpoint
from intake.db.webhook_rows import DELIVERY, change_of, delivery_of, endpoint_of, endpoint_values
from intake.domain.errors import NoSuchDelivery, NoSuchWebhook
from intake.domain.webhook import Endpoint
from intake.usecases.crm_ports import Claimed, DeliveryView, Settled

_ENDPOINT: Final = sa.select(webhook_endpoint).where(webhook_endpoint.c.id == sa.bindparam("endpoint"))
_ALONE: Final = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_COUNT: Final = sa.text(
    "SELECT count(*) FROM webhook_endpoint WHERE source_system IS NOT DISTINCT FROM CAST(:source AS text)"
)
_NEW: Final = """
INSERT INTO webhook_delivery (id, endpoint_id, position, complaint_id, state, attempts, tries, maybe_duplicate,
                              created_at, next_attempt_at)
"""
_PLAN: Final = sa.text(f"""
{_NEW}
SELECT gen_random_uuid(), endpoint.id, change.position, change.complaint_id, 'waiting', 0, 0, FALSE,
       CAST(:now AS timestamptz), CAST(:now AS timestamptz)
  FROM complaint_change change
  JOIN webhook_endpoint endpoint
    ON endpoint.disabled_at IS NULL AND change.type = ANY(endpoint.event_types)
   AND (endpoint.source_system IS NULL OR endpoint.source_system = change.source_system)
 WHERE change.position = ANY(CAST(:positions AS bigint[]))
""")  # noqa: S608 - column names of our own
_RESCUE: Final = sa.text("""
UPDATE webhook_delivery
   SET state = 'waiting', next_attempt_at = CAST(:now AS timestamptz), maybe_duplicate = TRUE,
       lease_token = NULL, lease_until = NULL
 WHERE endpoint_id = :endpoint AND state = 'sending' AND lease_until <= CAST(:now AS timestamptz)
""")
# What is not finished of a complaint goes before what came later of it; other complaints do not wait.
_CLAIM: Final = sa.text("""
WITH due AS (
    SELECT id FROM webhook_delivery delivery
     WHERE endpoint_id = :endpoint AND state = 'waiting' AND next_attempt_at <= CAST(:now AS timestamptz)
       AND NOT EXISTS (
           SELECT 1 FROM webhook_delivery earlier
            WHERE earlier.endpoint_id = delivery.endpoint_id AND earlier.complaint_id = delivery.complaint_id
              AND earlier.position < delivery.position AND earlier.state IN ('waiting', 'sending')
       )
     ORDER BY next_attempt_at, position
     LIMIT greatest(0, :most - (
         SELECT count(*) FROM webhook_delivery WHERE endpoint_id = :endpoint AND state = 'sending'
     ))
       FOR UPDATE
)
UPDATE webhook_delivery delivery
   SET state = 'sending', attempts = attempts + 1, tries = tries + 1,
       attempted_at = CAST(:now AS timestamptz), lease_token = :token, lease_until = CAST(:until AS timestamptz)
  FROM due, complaint_change change
 WHERE delivery.id = due.id AND change.position = delivery.position
RETURNING delivery.id AS delivery_id, delivery.tries, delivery.maybe_duplicate, change.*
""")
_SETTLE: Final = sa.text("""
UPDATE webhook_delivery
   SET state = :state, reason = :reason, status = :status, maybe_duplicate = :maybe_duplicate,
       next_attempt_at = CAST(:next_attempt_at AS timestamptz),
       delivered_at = CASE WHEN :state = 'delivered' THEN CAST(:now AS timestamptz) ELSE delivered_at END,
       lease_token = NULL, lease_until = NULL
 WHERE id = :id AND state = 'sending' AND lease_token = :token
""").bindparams(
    sa.bindparam("state", type_=sa.Text),
    sa.bindparam("reason", type_=sa.Text),
    sa.bindparam("status", type_=sa.Integer),
)
_AGAIN: Final = sa.text("""
UPDATE webhook_delivery
   SET state = 'waiting', tries = 0, next_attempt_at = CAST(:now AS timestamptz),
       maybe_duplicate = maybe_duplicate OR state = 'delivered'
 WHERE id = :id
""")
_MISSED: Final = sa.text(f"""
{_NEW}
SELECT gen_random_uuid(), :endpoint, change.position, change.complaint_id, 'waiting', 0, 0, FALSE,
       CAST(:now AS timestamptz), CAST(:now AS timestamptz)
  FROM complaint_change change
  LEFT JOIN webhook_delivery known ON known.position = change.position AND known.endpoint_id = :endpoint
 WHERE change.recorded_at >= CAST(:since AS timestamptz) AND change.type = ANY(CAST(:types AS text[]))
   AND (CAST(:source AS text) IS NULL OR change.source_system = CAST(:source AS text))
   AND NOT (change.historical AND change.type = 'complaint.received')
   AND (known.id IS NULL OR known.state = 'failed')
 ORDER BY change.position
 LIMIT :most
ON CONFLICT (position, endpoint_id) DO UPDATE
   SET state = 'waiting', tries = 0, next_attempt_at = CAST(:now AS timestamptz)
""")  # noqa: S608 - column names of our own


class PostgresEndpoints:
    """The endpoints of one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def lock(self, endpoint_id: UUID, *, within: str | None = None) -> Endpoint:
        """Read one and keep others from changing it; raises NoSuchWebhook."""
        query = _ENDPOINT.with_for_update(key_share=True)
        row = (await self._connection.execute(query, {"endpoint": endpoint_id})).one_or_none()
        if row is None or within not in {None, row.source_system}:
            raise NoSuchWebhook
        return endpoint_of(row, self._sealer)

    async def lock_free(self, endpoint_id: UUID) -> Endpoint | None:
        """Read and lock one that is enabled, unless another transaction has it: then None."""
        query = _ENDPOINT.where(webhook_endpoint.c.disabled_at.is_(None)).with_for_update(
            key_share=True, skip_locked=True
        )
        row = (await self._connection.execute(query, {"endpoint": endpoint_id})).one_or_none()
        return None if row is None else endpoint_of(row, self._sealer)

    async def count(self, source_system: str | None) -> int:
        """Count those of a source, and keep others from adding one meanwhile."""
        await self._connection.execute(_ALONE, {"name": f"webhook_endpoint/{source_system}"})
        return int((await self._connection.execute(_COUNT, {"source": source_system})).scalar_one())

    async def insert(self, endpoint: Endpoint) -> None:
        """Add one."""
        await self._connection.execute(
            sa.insert(webhook_endpoint).values(endpoint_values(endpoint, self._sealer))
        )

    async def save(self, endpoint: Endpoint) -> None:
        """Replace one that is locked."""
        await self._connection.execute(
            sa.update(webhook_endpoint)
            .where(webhook_endpoint.c.id == endpoint.id)
            .values(endpoint_values(endpoint, self._sealer))
        )

    async def delete(self, endpoint_id: UUID) -> None:
        """Remove one that is locked, and its deliveries."""
        await self._connection.execute(
            sa.delete(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id)
        )


class PostgresDeliveries:
    """The deliveries of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def plan(self, positions: Sequence[int], *, now: datetime) -> int:
        """Have these changes posted to every enabled endpoint that wants them; give the number of deliveries."""
        if not positions:
            return 0
        return (await self._connection.execute(_PLAN, {"positions": list(positions), "now": now})).rowcount

    async def claim(
        self, endpoint: Endpoint, *, token: UUID, now: datetime, until: datetime, most: int
    ) -> Sequence[Claimed]:
        """Take up what is due, at most so many under way at once, never two of one complaint."""
        # An attempt that outlived its lease belongs to a process that is gone; what it sent may have arrived.
        await self._connection.execute(_RESCUE, {"endpoint": endpoint.id, "now": now})
        values = {"endpoint": endpoint.id, "token": token, "now": now, "until": until, "most": most}
        rows = (await self._connection.execute(_CLAIM, values)).all()
        return [
            Claimed(
                id=row.delivery_id,
                endpoint=endpoint,
                change=change_of(row),
                token=token,
                tries=row.tries,
                maybe_duplicate=row.maybe_duplicate,
            )
            for row in sorted(rows, key=lambda row: int(row.position))
        ]

    async def settle(self, delivery_id: UUID, token: UUID, settled: Settled, *, now: datetime) -> bool:
        """End an attempt; False where the lease was lost to another process."""
        values = {
            "id": delivery_id,
            "token": token,
            "state": settled.state.value,
            "reason": settled.reason,
            "status": settled.status,
            "next_attempt_at": settled.next_attempt_at,
            "maybe_duplicate": settled.maybe_duplicate,
            "now": now,
        }
        return (await self._connection.execute(_SETTLE, values)).rowcount == 1

    async def lock(self, endpoint_id: UUID, delivery_id: UUID) -> DeliveryView:
        """Read one and keep others from changing it; raises NoSuchDelivery."""
        query = DELIVERY.where(
            webhook_delivery.c.id == delivery_id, webhook_delivery.c.endpoint_id == endpoint_id
        ).with_for_update(of=webhook_delivery)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NoSuchDelivery
        return delivery_of(row)

    async def ask_again(self, delivery_id: UUID, *, now: datetime) -> None:
        """Have one sent again at once, with fresh tries."""
        await self._connection.execute(_AGAIN, {"id": delivery_id, "now": now})

    async def ask_again_since(self, endpoint: Endpoint, since: datetime, *, now: datetime, most: int) -> int:
        """Have sent what failed, and what was never planned, of the changes since then; give how many."""
        values = {
            "endpoint": endpoint.id,
            "since": since,
            "types": [kind.value for kind in endpoint.event_types],
            "source": endpoint.source_system,
            "now": now,
            "most": most,
        }
        return (await self._connection.execute(_MISSED, values)).rowcount
