"""Counts what waits in the feed of changes and for webhooks, for the gauges."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.domain.webhook import DeliveryState
from intake.usecases.feed_health import FeedHealth

_QUEUED: Final = sa.text("SELECT count(*) FROM change_queue")
_WAITING: Final = sa.text("""
SELECT delivery.state, count(*) AS number,
       min(delivery.created_at) FILTER (WHERE endpoint.disabled_at IS NULL) AS oldest
  FROM webhook_delivery delivery JOIN webhook_endpoint endpoint ON endpoint.id = delivery.endpoint_id
 WHERE delivery.state IN ('waiting', 'sending') GROUP BY delivery.state
""")
_ENDPOINTS: Final = sa.text("""
SELECT count(*) FILTER (WHERE disabled_at IS NULL) AS enabled,
       count(*) FILTER (WHERE disabled_at IS NOT NULL AND disabled_reason <> 'by_hand') AS disabled
  FROM webhook_endpoint
""")


class PostgresFeedHealth:
    """Reads with one connection of the engine's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self) -> FeedHealth:
        """Count."""
        async with self._engine.connect() as connection:
            queued = int((await connection.execute(_QUEUED)).scalar_one())
            rows = {DeliveryState(row.state): row for row in await connection.execute(_WAITING)}
            endpoints = (await connection.execute(_ENDPOINTS)).one()
        return FeedHealth(
            queued=queued,
            deliveries={state: row.number for state, row in rows.items()},
            oldest_due=min((row.oldest for row in rows.values() if row.oldest is not None), default=None),
            enabled=endpoints.enabled,
            disabled=endpoints.disabled,
        )
