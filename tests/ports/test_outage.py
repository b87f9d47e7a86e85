"""What carries the records is killed and comes back while records are written and read."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from events.failures import TransportAway
from events.transport import Record, Transport
from local.kafka import Broker
from local.postgres import Server
from tests.ports.carriers import Carrier, EmbeddedCarrier, KafkaCarrier
from tests.ports.reading import Reader, expected_by_key, records
from tests.support.kafka_fixture import need_kafka
from tests.support.waiting import until

EACH_WAY = 750
"""Records that are written at the least before each outage and after the last."""
STEP = 50

Do = Callable[[], Awaitable[object]]


async def read_on(transport: Transport, topic: str, reader: Reader, stop: asyncio.Event) -> None:
    """Read as a service's loop does: whenever the transport is away, again."""
    while not stop.is_set():
        try:
            await transport.subscribe([topic], "g").run(reader.handle, stop)
        except TransportAway:
            await asyncio.sleep(0.2)


async def insist(transport: Transport, batch: list[Record], failures: list[Exception]) -> None:
    """Publish as the relay does: after a failure with a new publisher, the same records again."""
    while True:
        try:
            async with asyncio.timeout(15):
                publisher = await transport.open_publisher()
                try:
                    assert await publisher.publish(batch) == {}
                    return
                finally:
                    await publisher.close()
        except (TransportAway, TimeoutError) as error:
            failures.append(error)
        await asyncio.sleep(0.2)


async def survive(carrier: Carrier, *, kill: Do, restart: Do) -> None:
    """Write and read through three outages; what each key was handed first must be complete and in order."""
    reader, stop, enough, written = Reader(), asyncio.Event(), asyncio.Event(), 0
    failures: list[Exception] = []

    async def write() -> None:
        nonlocal written
        writer = carrier.member()
        while (
            not enough.is_set()
        ):  # so that writing is under way when the kill comes, however fast the machine
            await insist(writer, records(carrier.topic, STEP, start=written), failures)
            written += STEP
            await asyncio.sleep(0.02)

    async def write_on() -> None:
        goal = written + EACH_WAY
        await until(lambda: written >= goal, seconds=60, what=f"{goal} written")

    reads = asyncio.create_task(read_on(carrier.member(), carrier.topic, reader, stop))
    writes = asyncio.create_task(write())
    for _ in range(3):
        await write_on()
        failures.clear()
        await kill()
        await until(lambda: bool(failures), seconds=60, what="the absence met")
        await restart()
        arrived = len(reader.seen)
        await until(lambda arrived=arrived: len(reader.seen) > arrived, seconds=90, what="reading again")  # type: ignore[misc]
    await write_on()
    enough.set()
    await asyncio.wait_for(writes, 90)
    await until(lambda: len(set(reader.numbers)) == written, seconds=90, what="everything read")
    stop.set()
    await asyncio.wait_for(reads, 30)
    assert reader.first_times_by_key() == expected_by_key(written)


@pytest.mark.timeout(300)
async def test_the_embedded_log_survives_outages_of_its_server(tmp_path: Path) -> None:
    server = Server(tmp_path / "postgres")
    await asyncio.to_thread(server.start)
    try:
        carrier = await EmbeddedCarrier.create(server.url())
        await survive(
            carrier,
            kill=lambda: asyncio.to_thread(server.stop),
            restart=lambda: asyncio.to_thread(server.start),
        )
        await carrier.close()
    finally:
        await asyncio.to_thread(server.remove)


@pytest.mark.kafka
@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_kafka_survives_kills_of_its_broker(tmp_path: Path) -> None:
    need_kafka()
    async with Broker(tmp_path) as broker:
        carrier = await KafkaCarrier.create(broker)
        await survive(carrier, kill=broker.kill, restart=broker.restart)
        await carrier.close()
