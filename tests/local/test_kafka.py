import asyncio
import json
import os
import socket
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]

from local.kafka import (
    HOST,
    Broker,
    BrokerError,
    Cluster,
    PortBusyError,
    TopicRefused,
    ensure_topics,
    missing_tools,
    redress_topics,
)
from tests.support.kafka_fixture import need_kafka


@pytest.fixture
def tools() -> None:
    need_kafka()


def fresh_topic() -> str:
    return f"test.{uuid.uuid4().hex}"


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    async with asyncio.timeout(60):
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=20_000)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(topic, value, partition=0)
        finally:
            await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    async with asyncio.timeout(60):
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, 0)])
            return [(await consumer.getone()).value for _ in range(count)]
        finally:
            await consumer.stop()


async def in_sync(cluster: Cluster, topic: str, replicas: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(60):
            while True:
                (described,) = await admin.describe_topics([topic])
                if len(described["partitions"][0]["isr"]) >= replicas:
                    return
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


def numbered(first: int, after: int) -> list[bytes]:
    return [str(number).encode() for number in range(first, after)]


def test_every_service_has_a_topic_and_every_group_a_dead_letter_topic_for_each_that_it_listens_to() -> None:
    topics = redress_topics()

    assert topics == {
        "redress.intake": 6,
        "redress.capa": 6,
        "redress.notifier": 6,
        "redress.capa.intake.dead": 1,
        "redress.notifier.intake.dead": 1,
        "redress.intake.capa.dead": 1,
        "redress.notifier.capa.dead": 1,
        "redress.intake.notifier.dead": 1,
        "redress.capa.notifier.dead": 1,
    }


def without_tools(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("REDRESS_KAFKA_CACHE", str(folder))


def test_each_missing_tool_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_tools(monkeypatch, tmp_path)

    java, maven = missing_tools()

    assert "Java 17" in java
    assert "openjdk-17-jre-headless" in java
    assert "apt-get install maven" in maven


def test_a_java_that_is_too_old_counts_as_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_tools(monkeypatch, tmp_path)
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)

    assert "Java 17" in missing_tools()[0]


def test_tests_that_need_kafka_are_left_out_loudly_without_its_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_tools(monkeypatch, tmp_path)
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt-get install maven"):
        need_kafka()


def test_missing_tools_fail_the_tests_that_need_kafka_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_tools(monkeypatch, tmp_path)
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="apt-get install maven"):
        need_kafka()


async def test_a_stale_record_is_no_broker_and_the_process_that_has_its_id_now_is_left_alone(
    tmp_path: Path,
) -> None:
    node = tmp_path / "node-1"
    node.mkdir()
    stale = {"pid": os.getpid(), "birth": "long ago", "port": 20_001, "controller_port": 20_002}
    (node / "node.json").write_text(json.dumps(stale), encoding="utf-8")
    broker = Broker(tmp_path)

    await broker.kill()

    assert broker.pid() is None


@pytest.mark.kafka
async def test_topics_are_created_once_and_can_be_used_at_once(kafka: Broker) -> None:
    topic = fresh_topic()

    first = await ensure_topics(kafka.bootstrap_servers, {topic: 6})
    second = await ensure_topics(kafka.bootstrap_servers, {topic: 6})
    await produce(kafka.bootstrap_servers, topic, [b"1"])

    assert (first, second) == ([topic], [])
    assert await consume(kafka.bootstrap_servers, topic, 1) == [b"1"]


@pytest.mark.kafka
async def test_a_topic_that_has_another_number_of_partitions_is_refused(kafka: Broker) -> None:
    topic = fresh_topic()
    await ensure_topics(kafka.bootstrap_servers, {topic: 1})

    with pytest.raises(TopicRefused, match="has 1 partitions, not 6"):
        await ensure_topics(kafka.bootstrap_servers, {topic: 6})


@pytest.mark.kafka
async def test_a_topic_that_the_broker_refuses_is_reported(kafka: Broker) -> None:
    with pytest.raises(TopicRefused, match="not a config"):
        await ensure_topics(kafka.bootstrap_servers, {fresh_topic(): 1}, configs={"not a config": "1"})


@pytest.mark.kafka
@pytest.mark.usefixtures("tools")
async def test_what_was_acknowledged_before_a_kill_is_there_after_the_restart(tmp_path: Path) -> None:
    topic = fresh_topic()
    async with Broker(tmp_path) as broker:
        await ensure_topics(broker.bootstrap_servers, {topic: 1})
        await produce(broker.bootstrap_servers, topic, numbered(0, 50))

        await broker.kill()
        down = broker.pid()
        await broker.restart()

        assert down is None
        assert await consume(broker.bootstrap_servers, topic, 50) == numbered(0, 50)


@pytest.mark.kafka
@pytest.mark.usefixtures("tools")
async def test_a_stopped_broker_comes_back_at_its_address_with_its_data(tmp_path: Path) -> None:
    topic = fresh_topic()
    async with Broker(tmp_path) as broker:
        await ensure_topics(broker.bootstrap_servers, {topic: 1})
        await produce(broker.bootstrap_servers, topic, numbered(0, 5))
    down = broker.pid()

    async with Broker(tmp_path) as again:
        assert down is None
        assert again.bootstrap_servers == broker.bootstrap_servers
        assert await consume(again.bootstrap_servers, topic, 5) == numbered(0, 5)


@pytest.mark.kafka
async def test_a_broker_that_runs_is_found_and_not_started_twice(kafka: Broker) -> None:
    other = Broker(kafka.log().parent.parent)

    await other.start()

    assert other.pid() == kafka.pid() is not None
    assert other.bootstrap_servers == kafka.bootstrap_servers


@pytest.mark.kafka
async def test_a_broker_that_runs_is_not_moved_to_another_port(kafka: Broker) -> None:
    port = int(kafka.bootstrap_servers.rpartition(":")[2])
    before = kafka.pid()

    with pytest.raises(BrokerError, match=f"runs already, on port {port}"):
        await Broker(kafka.log().parent.parent, port - 1).start()

    assert kafka.pid() == before is not None


@pytest.mark.kafka
@pytest.mark.usefixtures("tools")
async def test_a_busy_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port: int = other.getsockname()[1]
        broker = Broker(tmp_path, port)

        with pytest.raises(PortBusyError, match=str(port)):
            await broker.start()

    assert broker.pid() is None


@pytest.mark.kafka
@pytest.mark.usefixtures("tools")
async def test_a_broker_that_cannot_start_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    async with Broker(tmp_path) as broker:
        pass
    meta = tmp_path / "node-1" / "data" / "meta.properties"
    lines = [line for line in meta.read_text(encoding="utf-8").splitlines() if not line.startswith("node.id")]
    meta.write_text("\n".join([*lines, "node.id=7"]), encoding="utf-8")

    with pytest.raises(BrokerError, match=r"(?s)3 times.*node id 7"):
        await broker.start()

    assert broker.pid() is None


@pytest.mark.kafka
@pytest.mark.usefixtures("tools")
async def test_a_running_broker_is_not_wiped(kafka: Broker) -> None:
    with pytest.raises(BrokerError, match="stop or kill it"):
        kafka.wipe()


@pytest.mark.kafka
@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("tools")
async def test_three_nodes_survive_the_kill_of_any_one_and_refill_one_that_lost_its_disk(
    tmp_path: Path,
) -> None:
    topic = fresh_topic()
    async with Cluster(tmp_path) as cluster:
        await ensure_topics(cluster.bootstrap_servers, {topic: 1})
        written = 0
        for node in (1, 2, 3):
            await cluster.kill(node)
            await produce(cluster.bootstrap_servers, topic, numbered(written, written + 20))
            written += 20
            cluster.wipe(node)
            await cluster.restart(node)
            await in_sync(cluster, topic, 3)

        assert await consume(cluster.bootstrap_servers, topic, written) == numbered(0, written)
