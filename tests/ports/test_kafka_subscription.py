"""What only Kafka does to a reader."""

import asyncio
import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import TopicPartition  # type: ignore[import-untyped]  # it ships no types
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]  # the same

from events.failures import TransportAway
from events.kafka.brokers import Brokers
from events.kafka.membership import Membership
from events.kafka.subscription import Reading
from events.kafka.transport import KafkaTransport
from events.transport import Received
from events.worker_metrics import WORKER
from local.kafka import Broker
from tests.ports.carriers import QUICK, KafkaCarrier
from tests.ports.reading import Reader, publish, reading, records
from tests.support.waiting import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every consumer that a member is built from, in order."""
    built: list[Any] = []
    build = Membership.__init__

    def remember(self: Membership, consumer: Any, *others: Any) -> None:
        built.append(consumer)
        build(self, consumer, *others)

    monkeypatch.setattr(Membership, "__init__", remember)
    yield built
    built.clear()


async def expire(kafka: Broker, topic: str, before: int) -> None:
    """Drop the records of each partition up to a position, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(topic, partition): RecordsToDelete(before) for partition in range(6)}
        )
    finally:
        await admin.close()


async def test_an_unknown_topic_is_an_absence(kafka: Broker) -> None:
    transport, topic = KafkaTransport(Brokers(kafka.bootstrap_servers), QUICK), f"test.{uuid.uuid4().hex}"
    with pytest.raises(TransportAway, match="does not know"):
        await transport.subscribe([topic], "g").run(Reader().handle, asyncio.Event())
    with pytest.raises(TransportAway, match="does not know"):
        await transport.ends([topic])
    await transport.close()


async def test_an_orderly_rebalance_hands_nothing_over_twice(kafka_carrier: KafkaCarrier) -> None:
    reader, second = Reader(), Reader()

    async def handle(batch: Sequence[Received]) -> int:
        await reader.handle(batch)
        await asyncio.sleep(0.2)  # long enough that every lane has work in flight when the second one joins
        return len(batch)

    async def handle_second(batch: Sequence[Received]) -> int:
        await second.handle(batch)
        return await handle(batch)

    transport = kafka_carrier.member()
    await publish(transport, records(kafka_carrier.topic, 3_000))
    async with reading(transport, kafka_carrier.topic, "g", handle):
        await until(lambda: bool(reader.seen))
        async with reading(kafka_carrier.member(), kafka_carrier.topic, "g", handle_second):
            await until(lambda: len(reader.seen) >= 3_000 and bool(second.seen), seconds=60)
    assert sorted(reader.numbers) == list(range(3_000))


async def test_each_giving_out_of_partitions_is_counted_and_each_poll_is_noted(
    kafka_carrier: KafkaCarrier,
) -> None:
    group = f"g-{uuid.uuid4().hex}"

    def counted(name: str) -> float:
        return WORKER.registry.get_sample_value(name, {"group": group}) or 0.0

    first, second = Reader(), Reader()
    async with reading(kafka_carrier.member(), kafka_carrier.topic, group, first.handle):
        await until(lambda: counted("consumer_rebalances_total") == 1)
        await until(lambda: counted("consumer_last_poll_timestamp_seconds") > 0)
        before = counted("consumer_last_poll_timestamp_seconds")
        async with reading(kafka_carrier.member(), kafka_carrier.topic, group, second.handle):
            # Both members are of this process: one is given its first partitions, the other one others.
            await until(lambda: counted("consumer_rebalances_total") >= 3)
        await until(lambda: counted("consumer_last_poll_timestamp_seconds") > before)


async def test_a_reader_that_gets_nothing_though_there_is_something_is_given_up(
    kafka: Broker, consumers: list[Any]
) -> None:
    carrier = await KafkaCarrier.create(kafka, replace(QUICK, stuck=2.0))
    reader, transport = Reader(), carrier.member()
    await publish(transport, records(carrier.topic, 100))
    run = asyncio.create_task(transport.subscribe([carrier.topic], "g").run(reader.handle, asyncio.Event()))
    await until(lambda: len(reader.seen) == 100)
    consumers[0].pause(*consumers[0].assignment())  # what a client looks like that has lost its way
    await publish(transport, records(carrier.topic, 100, start=100))
    with pytest.raises(TransportAway, match="is stuck"):
        await asyncio.wait_for(run, 30)
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) >= 200)
    assert sorted(reader.numbers) == list(range(200))
    await carrier.close()


async def test_a_reader_with_nothing_to_read_is_not_given_up(
    kafka: Broker, consumers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = [], Reading.fail_if_stuck

    def count(self: Reading, *positions: Any, since: float) -> None:
        looks.append(since)
        look(self, *positions, since=since)

    monkeypatch.setattr(Reading, "fail_if_stuck", count)
    carrier = await KafkaCarrier.create(kafka, replace(QUICK, stuck=0.5))
    reader, transport = Reader(), carrier.member()
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(looks) >= 3)
        await publish(transport, records(carrier.topic, 50))
        await until(lambda: len(reader.seen) == 50)
    assert len(consumers) == 1
    await carrier.close()


async def test_a_client_whose_fetching_has_died_is_given_up(
    kafka_carrier: KafkaCarrier, consumers: list[Any]
) -> None:
    run = asyncio.create_task(
        kafka_carrier.member().subscribe([kafka_carrier.topic], "g").run(Reader().handle, asyncio.Event())
    )
    await until(lambda: bool(consumers and consumers[0].assignment()))
    consumers[0]._fetcher._fetch_task.cancel()
    with pytest.raises(TransportAway, match="stopped fetching"):
        await asyncio.wait_for(run, 20)


async def test_records_that_expired_before_they_were_read_are_reported_and_reading_goes_on(
    kafka: Broker, kafka_carrier: KafkaCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    reader, transport = Reader(), kafka_carrier.member()
    await publish(transport, records(kafka_carrier.topic, 200))
    async with reading(transport, kafka_carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) == 200)
    await publish(transport, records(kafka_carrier.topic, 200, start=200))
    await expire(kafka, kafka_carrier.topic, -1)
    await publish(transport, records(kafka_carrier.topic, 200, start=400))
    with caplog.at_level(logging.ERROR, "events.kafka"):
        async with reading(transport, kafka_carrier.topic, "g", reader.handle):
            await until(lambda: len(reader.seen) == 400)
    assert sorted(reader.numbers) == [*range(200), *range(400, 600)]
    assert "a group lost unread records to retention" in caplog.messages


async def test_a_new_group_has_nothing_unread_in_a_topic_whose_records_have_expired(
    kafka: Broker, kafka_carrier: KafkaCarrier
) -> None:
    transport = kafka_carrier.member()
    await publish(transport, records(kafka_carrier.topic, 100))
    await expire(kafka, kafka_carrier.topic, -1)
    ends = await transport.ends([kafka_carrier.topic])
    assert sum(ends.values()) == 100
    assert await transport.committed([kafka_carrier.topic], "new") == ends
