"""One transaction of the feed of changes and of webhooks."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.webhooks.sealing import Sealer
from intake.db.feed import PostgresFeed
from intake.db.webhooks import PostgresDeliveries, PostgresEndpoints
from intake.usecases.crm_ports import CrmWork


class PostgresCrmWork:
    """A `CrmWork` on one connection."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._endpoints = PostgresEndpoints(connection, sealer)
        self._deliveries = PostgresDeliveries(connection)
        self._feed = PostgresFeed(connection)

    @property
    def endpoints(self) -> PostgresEndpoints:
        """The endpoints."""
        return self._endpoints

    @property
    def deliveries(self) -> PostgresDeliveries:
        """The deliveries."""
        return self._deliveries

    @property
    def feed(self) -> PostgresFeed:
        """The feed."""
        return self._feed


class PostgresStartCrmWork:
    """Begins transactions on one engine."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    def __call__(self) -> AbstractAsyncContextManager[CrmWork]:
        """Begin."""
        return self._work()

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[CrmWork]:
        async with self._engine.begin() as connection:
            yield PostgresCrmWork(connection, self._sealer)
