import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.events.consumer.service import Service


@pytest.fixture(params=[False, True], ids=["alone", "together"])
async def service(engine: AsyncEngine, request: pytest.FixtureRequest) -> Service:
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("CREATE TABLE effect (nth bigint GENERATED ALWAYS AS IDENTITY, key text, version int)")
        )
    return Service(engine, together=request.param)
