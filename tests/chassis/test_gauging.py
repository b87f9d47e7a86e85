import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine
from chassis.gauging import KeepGauges
from chassis.pool_metrics import pool_metrics
from tests.support.waiting import until


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, name="gauging-test", pool_size=3)
    yield engine
    await engine.dispose()


async def kept_after(engine: AsyncEngine, statement: str, within: float = 5.0) -> int:
    """How often gauges were kept by a look that runs a statement, once."""
    kept = 0

    def note() -> None:
        nonlocal kept
        kept += 1

    async def look() -> None:
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement))

    await KeepGauges(look, note, within_seconds=within).once()
    return kept


async def test_gauges_count_as_kept_only_when_the_look_worked(engine: AsyncEngine) -> None:
    nowhere = open_engine("postgresql://nobody@127.0.0.1:1/nothing", name="nowhere", pool_size=1)
    found = [
        await kept_after(engine, "SELECT 1"),
        await kept_after(engine, "SELECT pg_sleep(20)", within=0.1),
        await kept_after(nowhere, "SELECT 1"),
    ]
    await nowhere.dispose()
    assert found == [1, 0, 0]


async def test_a_look_that_is_wrong_is_not_taken_for_a_database_that_is_away(engine: AsyncEngine) -> None:
    with pytest.raises(sa.exc.ProgrammingError):
        await kept_after(engine, "SELECT no_such_column")


async def test_gauges_are_looked_at_until_the_stop_and_beat_at_each_turn() -> None:
    looks, beats, stop = 0, 0, asyncio.Event()

    async def look() -> None:
        nonlocal looks
        looks += 1

    def beat() -> None:
        nonlocal beats
        beats += 1

    running = asyncio.create_task(KeepGauges(look, lambda: None, every_seconds=0.01).run(stop, beat))
    await until(lambda: looks >= 3)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert beats == looks


async def test_a_pool_shows_what_is_used_idle_and_possible(
    engine: AsyncEngine, registry: CollectorRegistry
) -> None:
    pool_metrics(registry).watch(engine, "api")

    def shown() -> tuple[float | None, ...]:
        states = (
            registry.get_sample_value("database_pool_connections", {"pool": "api", "state": state})
            for state in ("in_use", "idle")
        )
        return (*states, registry.get_sample_value("database_pool_size", {"pool": "api"}))

    fresh = shown()
    async with engine.connect():
        used = shown()
    idle = shown()
    await engine.dispose()
    assert (fresh, used, idle, shown()) == ((0, 0, 3), (1, 0, 3), (0, 1, 3), (0, 0, 3))
