"""Delivery's loops beat at every turn, whatever is away, and not when they are stuck."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.codec import encode
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Delivery
from events.postgres.consumer import ConsumerSettings
from events.postgres.log import LogTransport
from events.postgres.loops import Carriage, loops
from events.transport import Transport
from events.turning import Turning
from events.wake import Wake
from events.worker_metrics import WORKER
from tests.support.events import Received, a_complaint_received, engine_of
from tests.support.transports import FlakyTransport
from tests.support.waiting import until

LOOPS = {"relay", "consumer", "parked", "delivery-gauges", "tidy"}


async def ignore(_: Received, __: Delivery) -> None:
    return


def built(engine: AsyncEngine, transport: Transport) -> Mapping[str, Turning]:
    carriage = Carriage(
        service="capa",
        engine=engine,
        transport=transport,
        clock=utc_now,
        wake=Wake(),
        handlers={ComplaintReceivedV1: ignore},
        consumer=ConsumerSettings(parked_poll=0.05),
    )
    return loops(carriage)


@asynccontextmanager
async def turning(made: Mapping[str, Turning]) -> AsyncIterator[Counter[str]]:
    """Run the loops; gives how often each has beaten."""
    stop, beats = asyncio.Event(), Counter[str]()

    async def turn(name: str) -> None:
        def beat() -> None:
            beats[name] += 1

        await made[name].run(stop, beat)

    tasks = [asyncio.create_task(turn(name)) for name in made]
    try:
        yield beats
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def test_every_loop_beats_and_states_its_own_bound(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    made = built(engine, transport)
    async with turning(made) as beats:
        await until(lambda: set(beats) == LOOPS)
        await until(lambda: all(beats[name] >= 3 for name in ("relay", "consumer", "parked")))
    assert made["tidy"].longest_turn > made["relay"].longest_turn > 0


@pytest.mark.parametrize("what", ["database", "transport"])
async def test_loops_beat_on_while_the_database_or_the_transport_is_away(
    engine: AsyncEngine, transport: FlakyTransport, what: str
) -> None:
    nowhere = engine_of("postgresql://redress@127.0.0.1:1/none")
    made = built(nowhere, transport) if what == "database" else built(engine, LogTransport(nowhere, utc_now))
    async with turning(made) as beats:
        await until(lambda: all(beats[name] >= 3 for name in ("relay", "consumer", "parked")))
        await until(lambda: set(beats) == LOOPS)


async def test_the_consumer_beats_on_while_its_handlers_wait_for_the_database(
    transport: FlakyTransport,
) -> None:
    nowhere, reached = engine_of("postgresql://redress@127.0.0.1:1/none"), asyncio.Event()

    async def handle(_: Received, __: Delivery) -> None:
        reached.set()
        async with nowhere.connect():
            raise AssertionError("there is no such database")

    publisher = await transport.open_publisher()
    await publisher.publish([encode(a_complaint_received(), "redress.intake")])
    made = loops(Carriage("capa", nowhere, transport, utc_now, Wake(), {ComplaintReceivedV1: handle}))
    async with turning({"consumer": made["consumer"]}) as beats:
        await asyncio.wait_for(reached.wait(), 20)
        before = beats["consumer"]
        await until(lambda: beats["consumer"] >= before + 3)


async def test_a_poll_that_finds_nothing_is_noted_too(engine: AsyncEngine, transport: FlakyTransport) -> None:
    def last() -> float:
        return (
            WORKER.registry.get_sample_value("consumer_last_poll_timestamp_seconds", {"group": "capa"}) or 0.0
        )

    made = built(engine, transport)
    async with turning({"consumer": made["consumer"]}):
        before = last()
        await until(lambda: last() > before)
        between = last()
        await until(lambda: last() > between)
