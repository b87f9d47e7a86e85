"""Redeliver: have a delivery sent again, or everything that an endpoint has missed since an instant."""

from datetime import datetime
from typing import Final
from uuid import UUID

from intake.domain.errors import DeliveryUnderWay
from intake.domain.webhook import DeliveryState
from intake.usecases.crm_ports import DeliveryView, StartCrmWork
from intake.usecases.ports import Clock

MOST_AT_ONCE: Final = 10_000


class RedeliverWebhooks:
    """Makes deliveries due at once, with fresh tries and the same webhook-id."""

    def __init__(self, start_work: StartCrmWork, clock: Clock) -> None:
        self._start_work = start_work
        self._clock = clock

    async def one(self, endpoint_id: UUID, delivery_id: UUID, *, within: str | None) -> DeliveryView:
        """Have one sent again; raises NoSuchWebhook, NoSuchDelivery and DeliveryUnderWay."""
        async with self._start_work() as work:
            endpoint = await work.endpoints.lock(endpoint_id, within=within)
            delivery = await work.deliveries.lock(endpoint.id, delivery_id)
            if delivery.state is DeliveryState.SENDING:
                raise DeliveryUnderWay
            await work.deliveries.ask_again(delivery.id, now=self._clock())
            return await work.deliveries.lock(endpoint.id, delivery_id)

    async def missed(self, endpoint_id: UUID, since: datetime, *, within: str | None) -> int:
        """Have sent what failed since then and what was never planned, as while the endpoint was disabled.

        At most `MOST_AT_ONCE`, the oldest first; gives how many. Raises NoSuchWebhook.
        """
        async with self._start_work() as work:
            endpoint = await work.endpoints.lock(endpoint_id, within=within)
            return await work.deliveries.ask_again_since(
                endpoint, since, now=self._clock(), most=MOST_AT_ONCE
            )
