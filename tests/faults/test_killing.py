"""Processes, the database and the broker are killed while complaints come in; afterwards the books agree."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from local.kafka import Broker
from tests.faults.killing import Fault, check_books, check_notices, send_all
from tests.support.kafka_fixture import need_kafka
from tests.support.running import Pace, RunningSystem, running_system

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
PACE = Pace(due="5s", escalation="1h")


@pytest.fixture
async def embedded() -> AsyncIterator[RunningSystem]:
    async with running_system(pace=PACE) as system:
        yield system


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    need_kafka()
    with tempfile.TemporaryDirectory(prefix="redress-kafka-") as folder:
        async with Broker(Path(folder)) as broker:
            yield broker


@pytest.fixture
async def on_kafka(broker: Broker) -> AsyncIterator[RunningSystem]:
    async with running_system(broker=broker, pace=PACE) as system:
        yield system


async def test_nothing_is_lost_or_doubled_when_services_are_killed(embedded: RunningSystem) -> None:
    faults: list[Fault] = [partial(embedded.kill, service) for service in ("capa", "intake", "notifier")]
    await check_books(embedded, await send_all(embedded, 150, faults))
    await check_notices(embedded)


@pytest.mark.kafka
async def test_nothing_is_lost_or_doubled_when_services_are_killed_on_kafka(on_kafka: RunningSystem) -> None:
    faults: list[Fault] = [partial(on_kafka.kill, service) for service in ("capa", "intake", "notifier")]
    await check_books(on_kafka, await send_all(on_kafka, 150, faults))
    await check_notices(on_kafka)


@pytest.mark.soak
@pytest.mark.kafka
async def test_intake_goes_on_accepting_while_kafka_is_away(on_kafka: RunningSystem, broker: Broker) -> None:
    await broker.kill()
    ledger = await asyncio.wait_for(send_all(on_kafka, 40, []), 60)
    assert (len(ledger.numbers), ledger.repeats) == (40, 0)
    await broker.restart()
    await check_books(on_kafka, ledger)


@pytest.mark.soak
async def test_nothing_is_lost_or_doubled_under_a_schedule_of_kills(embedded: RunningSystem) -> None:
    faults: list[Fault] = [
        partial(embedded.kill, "capa"),
        embedded.kill_postgres,
        partial(embedded.kill, "intake"),
        partial(embedded.kill, "notifier"),
        partial(embedded.kill, "intake"),
        embedded.kill_postgres,
        partial(embedded.kill, "capa"),
        partial(embedded.kill, "notifier"),
        embedded.kill_postgres,
    ]
    await check_books(embedded, await send_all(embedded, 1_500, faults, seed=11))
    await check_notices(embedded)


@pytest.mark.soak
@pytest.mark.kafka
async def test_nothing_is_lost_or_doubled_under_a_schedule_of_kills_with_the_broker(
    on_kafka: RunningSystem, broker: Broker
) -> None:
    async def bounce() -> None:
        await broker.kill()
        await broker.restart()

    faults: list[Fault] = [
        partial(on_kafka.kill, "capa"),
        bounce,
        partial(on_kafka.kill, "intake"),
        on_kafka.kill_postgres,
        bounce,
        partial(on_kafka.kill, "notifier"),
        partial(on_kafka.kill, "capa"),
        bounce,
        on_kafka.kill_postgres,
    ]
    await check_books(on_kafka, await send_all(on_kafka, 1_500, faults, seed=13))
    await check_notices(on_kafka)
