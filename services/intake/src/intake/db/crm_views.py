"""Reads the feed of changes, endpoints and deliveries; each read takes a connection of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.webhooks.sealing import Sealer
from common.page import Page
from intake.db.crm_tables import complaint_change, webhook_delivery, webhook_endpoint
from intake.db.webhook_rows import DELIVERY, change_of, delivery_of, endpoint_of
from intake.domain.change import Change
from intake.domain.errors import NoSuchWebhook
from intake.domain.webhook import DeliveryState, Endpoint
from intake.usecases.crm_ports import DeliveryView

_BOUNDS: Final = sa.text("SELECT forgotten_position, last_position FROM change_feed WHERE id = 1")
_DUE: Final = sa.text("""
SELECT id FROM webhook_endpoint endpoint
 WHERE disabled_at IS NULL AND (paused_until IS NULL OR paused_until <= CAST(:now AS timestamptz))
   AND (EXISTS (SELECT 1 FROM webhook_delivery
                 WHERE endpoint_id = endpoint.id AND state = 'waiting'
                   AND next_attempt_at <= CAST(:now AS timestamptz))
        OR EXISTS (SELECT 1 FROM webhook_delivery
                    WHERE endpoint_id = endpoint.id AND state = 'sending'
                      AND lease_until <= CAST(:now AS timestamptz)))
 ORDER BY id
""")


class PostgresCrmViews:
    """The `CrmViews` on one engine."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def changes(self, *, after: int, limit: int, within: str | None) -> Sequence[Change]:
        """Read on in the feed."""
        query = sa.select(complaint_change).where(complaint_change.c.position > after)
        if within is not None:
            query = query.where(complaint_change.c.source_system == within)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by(complaint_change.c.position).limit(limit))
            return [change_of(row) for row in rows]

    async def bounds(self) -> tuple[int, int]:
        """Give the position up to which the feed has forgotten, and its last position."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_BOUNDS)).one()
        return row.forgotten_position, row.last_position

    async def endpoints(self, *, after: UUID | None, limit: int, within: str | None) -> Page[Endpoint]:
        """Read a page of endpoints in the order in which they were made."""
        query = sa.select(webhook_endpoint).order_by(webhook_endpoint.c.id).limit(limit + 1)
        if within is not None:
            query = query.where(webhook_endpoint.c.source_system == within)
        if after is not None:
            query = query.where(webhook_endpoint.c.id > after)
        async with self._engine.connect() as connection:
            found = tuple(endpoint_of(row, self._sealer) for row in await connection.execute(query))
        return Page(found[:limit], (str(found[limit - 1].id),) if len(found) > limit else None)

    async def endpoint(self, endpoint_id: UUID, *, within: str | None) -> Endpoint:
        """Read one; raises NoSuchWebhook."""
        async with self._engine.connect() as connection:
            return await self._endpoint(connection, endpoint_id, within)

    async def deliveries(
        self,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None,
        after: int | None,
        limit: int,
        within: str | None,
    ) -> Page[DeliveryView]:
        """Read a page of an endpoint's deliveries, the latest change first; raises NoSuchWebhook."""
        query = DELIVERY.where(webhook_delivery.c.endpoint_id == endpoint_id)
        if state is not None:
            query = query.where(webhook_delivery.c.state == state.value)
        if after is not None:
            query = query.where(webhook_delivery.c.position < after)
        query = query.order_by(webhook_delivery.c.position.desc()).limit(limit + 1)
        async with self._engine.connect() as connection:
            await self._endpoint(connection, endpoint_id, within)
            found = tuple(delivery_of(row) for row in await connection.execute(query))
        return Page(found[:limit], (str(found[limit - 1].position),) if len(found) > limit else None)

    async def due(self, now: datetime) -> Sequence[UUID]:
        """List the endpoints that something is due for now."""
        async with self._engine.connect() as connection:
            return (await connection.execute(_DUE, {"now": now})).scalars().all()

    async def _endpoint(self, connection: AsyncConnection, endpoint_id: UUID, within: str | None) -> Endpoint:
        query = sa.select(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id)
        row = (await connection.execute(query)).one_or_none()
        if row is None or within not in {None, row.source_system}:
            raise NoSuchWebhook
        return endpoint_of(row, self._sealer)
