"""What only Kafka does to a publisher."""

import asyncio
import os
import signal
import uuid
from pathlib import Path

import pytest

from events.failures import TransportAway
from events.kafka.brokers import Brokers
from events.kafka.settings import KafkaSettings
from events.kafka.transport import KafkaTransport
from events.transport import Record
from local.kafka import Broker, Cluster, ensure_topics
from tests.ports.carriers import QUICK
from tests.ports.reading import Reader, expected_by_key, publish, reading, records
from tests.support.kafka_fixture import need_kafka
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

HASTY = KafkaSettings(publish=1.0, close=1.0, start=5.0, ask=5.0)


def fresh_topic() -> str:
    return f"test.{uuid.uuid4().hex}"


async def topic_that_takes(kafka: Broker, largest: int, *, partitions: int = 1) -> str:
    topic = fresh_topic()
    configs = {"max.message.bytes": str(largest)}
    await ensure_topics(kafka.bootstrap_servers, {topic: partitions}, configs=configs)
    return topic


async def written(transport: KafkaTransport, topic: str) -> Reader:
    reader = Reader()
    ends = await transport.ends([topic])
    async with reading(transport, topic, "g", reader.handle):
        await until(lambda: len(reader.seen) >= sum(ends.values()))
    return reader


async def test_an_unknown_topic_is_refused_without_a_wait_until_it_is_made_and_other_topics_are_written(
    kafka: Broker,
) -> None:
    missing, there = fresh_topic(), fresh_topic()
    transport = KafkaTransport(Brokers(kafka.bootstrap_servers), KafkaSettings(publish=3_600.0))
    await ensure_topics(kafka.bootstrap_servers, {there: 6})
    publisher = await transport.open_publisher()
    # The client would wait for the topic as long as for an acknowledgement, which here is longer than any test.
    refused = await publisher.publish([*records(missing, 10), *records(there, 10)])
    await ensure_topics(kafka.bootstrap_servers, {missing: 6})
    again = await publisher.publish(records(missing, 10))
    await publisher.close()
    assert {index: refusal.scope for index, refusal in refused.items()} == dict.fromkeys(range(10), "topic")
    assert refused[0].reason == f"Kafka does not know the topic {missing}"
    assert again == {}
    for topic in (missing, there):
        assert sorted((await written(transport, topic)).numbers) == list(range(10))
    await transport.close()


async def test_where_no_broker_answers_everything_is_away(kafka: Broker) -> None:
    nowhere = KafkaTransport(Brokers("127.0.0.1:1"), HASTY)
    assert kafka.bootstrap_servers  # the test needs a machine that has Kafka's client, and no broker
    with pytest.raises(TransportAway):
        await nowhere.open_publisher()
    with pytest.raises(TransportAway):
        await nowhere.ends(["t"])
    with pytest.raises(TransportAway):
        await nowhere.committed(["t"], "g")
    with pytest.raises(TransportAway):
        await nowhere.subscribe(["t"], "g").run(Reader().handle, asyncio.Event())
    await nowhere.close()


async def test_a_record_that_its_topic_does_not_take_is_found_and_holds_back_its_own_key_alone(
    kafka: Broker,
) -> None:
    topic = await topic_that_takes(kafka, 10_000)
    transport = KafkaTransport(Brokers(kafka.bootstrap_servers), QUICK)
    batch = records(topic, 60)
    batch[25] = Record(topic, batch[25].key, (), b"x" * 20_000)
    publisher = await transport.open_publisher()
    refused = await publisher.publish(batch)
    await publisher.close()
    # There are 20 keys in turn, so that 45 is the next record of the same key.
    assert {index: refusal.scope for index, refusal in refused.items()} == {25: "key", 45: "key"}
    assert "raise max.message.bytes" in refused[25].reason
    assert (await written(transport, topic)).numbers == [
        number for number in range(60) if number not in {25, 45}
    ]
    await transport.close()


async def test_a_batch_over_its_topics_limit_is_split_where_each_record_fits(kafka: Broker) -> None:
    topic = await topic_that_takes(kafka, 1_000, partitions=3)
    transport = KafkaTransport(Brokers(kafka.bootstrap_servers), QUICK)
    await publish(transport, records(topic, 400))
    reader = await written(transport, topic)
    assert reader.by_key() == expected_by_key(400)
    await transport.close()


async def test_a_key_lands_where_any_other_client_puts_it(kafka: Broker) -> None:
    topic, transport = fresh_topic(), KafkaTransport(Brokers(kafka.bootstrap_servers), QUICK)
    await ensure_topics(kafka.bootstrap_servers, {topic: 6})
    # Computed with Java's org.apache.kafka.common.utils.Utils.murmur2, whose own tests hold these hashes.
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    await publish(transport, [Record(topic, key, (), b"1") for key in hashes])
    places = {received.record.key: received.partition for received in (await written(transport, topic)).seen}
    assert places == {key: (number & 0x7FFFFFFF) % 6 for key, number in hashes.items()}
    await transport.close()


async def test_a_producer_that_does_not_stop_is_abandoned_and_leaves_nothing_behind(tmp_path: Path) -> None:
    need_kafka()
    async with Broker(tmp_path) as broker:
        topic, transport = (
            fresh_topic(),
            KafkaTransport(Brokers(broker.bootstrap_servers), KafkaSettings(close=1.0)),
        )
        await ensure_topics(broker.bootstrap_servers, {topic: 6})
        before = asyncio.all_tasks()
        publisher = await transport.open_publisher()
        await publisher.publish(records(topic, 20))
        pid = broker.pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await publisher.publish(records(topic, 20, start=20))
            async with asyncio.timeout(10):
                await publisher.close()
            await until(lambda: not asyncio.all_tasks() - before, seconds=5, what="nothing left behind")
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_partition_without_a_leader_is_an_absence_after_which_a_new_publisher_goes_on_in_order(
    tmp_path: Path,
) -> None:
    need_kafka()
    async with Cluster(tmp_path) as cluster:
        topic, transport = fresh_topic(), KafkaTransport(Brokers(cluster.bootstrap_servers), HASTY)
        await ensure_topics(cluster.bootstrap_servers, {topic: 6}, replication=1)
        await publish(transport, records(topic, 100))
        publisher = await transport.open_publisher()
        await cluster.kill(2)
        with pytest.raises(TransportAway):
            await publisher.publish(records(topic, 100, start=100))
        await publisher.close()
        await cluster.restart(2)
        await ensure_topics(cluster.bootstrap_servers, {topic: 6})
        await publish(transport, records(topic, 100, start=100))
        reader = await written(transport, topic)
        assert reader.first_times_by_key() == expected_by_key(200)
        await transport.close()
