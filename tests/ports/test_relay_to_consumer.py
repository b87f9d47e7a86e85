"""The whole way: outbox, relay, transport, consumer and inbox, with a relay and a consumer that die midway."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Delivery
from events.postgres import inbox, outbox
from events.postgres.consumer import Consumer
from events.postgres.relay import Relay, RelaySettings
from tests.ports.carriers import Carrier
from tests.support.events import NOON, Received, a_complaint_received, engine_of, make_delivery_tables
from tests.support.postgres import Databases, fresh_database
from tests.support.waiting import until

KEYS = [f"key-{number}" for number in range(30)]
EVENTS = 2_000


@pytest.fixture
async def engine(postgres: Databases) -> AsyncIterator[AsyncEngine]:
    """One database for the service that announces and the one that listens."""
    with fresh_database(postgres) as url:
        engine = engine_of(url, pool_size=30)
        await make_delivery_tables(engine)
        async with engine.begin() as connection:
            await connection.execute(
                sa.text(
                    "CREATE TABLE effect (nth bigint GENERATED ALWAYS AS IDENTITY, key text, sequence bigint)"
                )
            )
        yield engine
        await engine.dispose()


async def count(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608  (a name of this file)


async def effects(engine: AsyncEngine) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    async with engine.connect() as connection:
        for row in await connection.execute(sa.text("SELECT key, sequence FROM effect ORDER BY nth")):
            found[row.key].append(row.sequence)
    return found


async def announce(engine: AsyncEngine, topic: str) -> None:
    keys = [KEYS[number % len(KEYS)] for number in range(EVENTS)]
    for start in range(0, EVENTS, 100):
        async with engine.begin() as connection:
            events = [a_complaint_received(key) for key in keys[start : start + 100]]
            await outbox.append(connection, topic, events, now=NOON)


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_every_event_has_its_effect_once_and_in_order_though_a_relay_and_a_consumer_die(
    carrier: Carrier, engine: AsyncEngine
) -> None:
    async def handle(event: Received, delivery: Delivery) -> None:
        async with engine.begin() as connection:
            await inbox.claim(connection, delivery, now=NOON)
            await connection.execute(
                sa.text("INSERT INTO effect (key, sequence) VALUES (:key, :sequence)"),
                {"key": event.key, "sequence": event.sequence},
            )

    def relay(stop: asyncio.Event) -> asyncio.Task[None]:
        settings = RelaySettings(rows=100, poll=0.02)
        return asyncio.create_task(Relay(engine, carrier.member(), utc_now, settings=settings).run(stop))

    def consumer(stop: asyncio.Event) -> asyncio.Task[None]:
        handler = Consumer(engine, "capa", {ComplaintReceivedV1: handle}, utc_now)
        subscription = carrier.member().subscribe([carrier.topic], "capa")

        async def run() -> None:
            await subscription.run(handler.handle, stop)

        return asyncio.create_task(run())

    async def effects_reach(number: int) -> None:
        async def reached() -> bool:
            return await count(engine, "effect") >= number

        await until(reached, seconds=90, what=f"{number} effects")

    stop = asyncio.Event()
    dying_relay, dying_consumer, staying = relay(stop), consumer(stop), consumer(stop)
    announcing = asyncio.create_task(announce(engine, carrier.topic))
    await effects_reach(200)
    await cancel(dying_relay)
    second_relay = relay(stop)
    await effects_reach(600)
    await cancel(dying_consumer)
    await announcing
    await effects_reach(EVENTS)
    stop.set()
    await asyncio.wait_for(asyncio.gather(second_relay, staying), 30)

    expected = {key: list(range(1, len(range(index, EVENTS, 30)) + 1)) for index, key in enumerate(KEYS)}
    assert await effects(engine) == expected
    assert await count(engine, "outbox") == 0
