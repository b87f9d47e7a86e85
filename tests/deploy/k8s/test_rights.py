"""A real broker that holds to the rights of the manifests lets each service do its work, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]  # it ships no types
from aiokafka.protocol.admin import CreateAclsRequest  # type: ignore[import-untyped]  # the same
from typing_extensions import override

from events.catalogue import LISTENS, dead_letter_topic, topic_of
from events.failures import TransportAway
from events.kafka.brokers import Brokers, Tls
from events.kafka.transport import KafkaTransport
from events.transport import Record
from local.kafka import Broker, Guard, ensure_topics, redress_topics
from tests.deploy.k8s.rendering import SERVICES, named, of_kind, render
from tests.deploy.k8s.test_kafka import rights
from tests.ports.carriers import QUICK
from tests.ports.reading import Reader, publish, reading, records
from tests.support.certificates import HOST, Authority, need_openssl
from tests.support.kafka_fixture import need_kafka
from tests.support.waiting import until

# The rights themselves are compared with the code every day, in test_kafka.py.
pytestmark = [pytest.mark.kafka, pytest.mark.soak]

# Kafka's own numbers.
KINDS = {"topic": 2, "group": 3}
OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8}
LITERAL, ALLOW = 3, 3


@dataclass(frozen=True)
class Authorizing(Guard):
    """A broker that lets nobody do what no rule allows, itself and its controller excepted."""

    @override
    def properties(self) -> dict[str, str]:
        return super().properties() | {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:CN=broker;User:ANONYMOUS",
        }


@dataclass(frozen=True)
class Door:
    """The way in to the broker, by name."""

    servers: str
    authority: Authority

    def of(self, name: str) -> Brokers:
        pair = self.authority.vouch(name)
        return Brokers(self.servers, Tls(self.authority.certificate, pair.certificate, pair.key))


async def grant(brokers: Brokers, user: dict[str, Any]) -> None:
    """Do what Strimzi does with a KafkaUser that shows a certificate."""
    principal = f"User:CN={user['metadata']['name']}"
    admin = AIOKafkaAdminClient(**brokers.arguments(), request_timeout_ms=10_000)
    await admin.start()
    try:
        for (kind, name), operations in rights(user).items():
            for operation in operations:
                request = CreateAclsRequest(
                    KINDS[kind], name, LITERAL, principal, "*", OPERATIONS[operation], ALLOW
                )
                answer = await admin._send_request(request)
                assert all(code == 0 for code, *_ in answer.creation_responses)
    finally:
        await admin.close()


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """A broker with the topics and the rights of the manifests."""
    need_kafka()
    need_openssl()
    users = of_kind(render("overlays/production"), "KafkaUser")
    authority = Authority(tmp_path_factory.mktemp("rights"), "authority")
    pair = authority.vouch("broker", address=HOST)
    guard = Authorizing(authority.certificate, pair.certificate, pair.key, {})
    async with Broker(tmp_path_factory.mktemp("broker"), guard=guard) as broker:
        itself = Brokers(broker.bootstrap_servers, Tls(authority.certificate, pair.certificate, pair.key))
        await ensure_topics(itself, redress_topics())
        for user in users:
            await grant(itself, user)
        yield Door(broker.bootstrap_servers, authority)


def has_read(reader: Reader, count: int) -> bool:
    return len(reader.seen) >= count


async def refusals(transport: KafkaTransport, topics: Sequence[str]) -> set[str]:
    """Try to write to each topic, and name those that are refused."""
    publisher = await transport.open_publisher()
    try:
        batch = [Record(topic, b"key", (), b"{}") for topic in topics]
        return {batch[index].topic for index in await publisher.publish(batch)}
    finally:
        await publisher.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_does_all_its_work_with_the_rights_that_it_has(door: Door, service: str) -> None:
    others = KafkaTransport(door.of("broker"), QUICK)
    mine = KafkaTransport(door.of(f"kafka-{service}"), QUICK)
    heard = [topic_of(other) for other in LISTENS[service]]
    assert (
        await refusals(mine, [topic_of(service), *(dead_letter_topic(topic, service) for topic in heard)])
        == set()
    )
    for topic in heard:
        before, reader = sum((await mine.ends([topic])).values()), Reader()
        await publish(others, records(topic, 10))
        async with reading(mine, topic, service, reader.handle):
            await until(partial(has_read, reader, 10), what=topic)
        assert sum((await mine.committed([topic], service)).values()) == before + 10
    await mine.close()
    await others.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_is_refused_what_is_anothers(door: Door, service: str) -> None:
    mine = KafkaTransport(door.of(f"kafka-{service}"), QUICK)
    other = LISTENS[service][0]
    strange = [
        topic_of(other),
        dead_letter_topic(topic_of(service), other),
    ]
    assert await refusals(mine, strange) == set(strange)
    with pytest.raises(TransportAway, match="Authorization"):
        await mine.committed([topic_of(other)], other)
    await mine.close()


async def test_keda_learns_the_lag_and_writes_nothing(door: Door) -> None:
    keda = KafkaTransport(door.of("kafka-keda"), QUICK)
    for service in SERVICES:
        topics = [topic_of(other) for other in LISTENS[service]]
        await keda.ends(topics)
        await keda.committed(topics, service)
    assert await refusals(keda, [topic_of("intake")]) == {topic_of("intake")}
    await keda.close()


async def test_without_one_right_a_service_is_stopped(door: Door) -> None:
    """The rules are what lets a service in: the same work under a name with less is refused."""
    user = named(render("overlays/production"), "KafkaUser", "kafka-capa")
    user["metadata"]["name"] = "kafka-less"
    user["spec"]["authorization"]["acls"] = [
        rule for rule in user["spec"]["authorization"]["acls"] if rule["resource"]["name"] != topic_of("capa")
    ]
    await grant(door.of("broker"), user)
    less = KafkaTransport(door.of("kafka-less"), QUICK)
    written = [topic_of("capa"), dead_letter_topic(topic_of("intake"), "capa")]
    assert await refusals(less, written) == {topic_of("capa")}
    await less.close()
