from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.postgres.log import LogTransport
from tests.support.events import engine_of, make_delivery_tables, make_log_tables
from tests.support.postgres import Databases, fresh_database
from tests.support.transports import FlakyTransport


@pytest.fixture
async def engine(postgres: Databases) -> AsyncIterator[AsyncEngine]:
    """A service's database with delivery's tables."""
    with fresh_database(postgres) as url:
        engine = engine_of(url, pool_size=20)
        await make_delivery_tables(engine)
        yield engine
        await engine.dispose()


@pytest.fixture
async def transport(postgres: Databases) -> AsyncIterator[FlakyTransport]:
    """The embedded log, which fails when told."""
    with fresh_database(postgres) as url:
        engine = engine_of(url, pool_size=6)
        await make_log_tables(engine)
        transport = FlakyTransport(LogTransport(engine, utc_now))
        yield transport
        await transport.close()
