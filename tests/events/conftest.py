from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.events import engine_of, make_delivery_tables
from tests.support.postgres import Databases, fresh_database


@pytest.fixture
async def engine(postgres: Databases) -> AsyncIterator[AsyncEngine]:
    """A service's database with delivery's tables."""
    with fresh_database(postgres) as url:
        engine = engine_of(url, pool_size=20)
        await make_delivery_tables(engine)
        yield engine
        await engine.dispose()
