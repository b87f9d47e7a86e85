"""Topics and rights on Kubernetes are those that the code needs, no more and no less."""

from collections.abc import Mapping

import pytest

from events.catalogue import LISTENS, dead_letter_topic, topic_of
from events.postgres.loops import INBOX_RETENTION
from local.kafka import kafka_version, redress_topics
from tests.deploy.k8s.rendering import (
    SERVICES,
    Resource,
    environment,
    mounts,
    named,
    of_kind,
    redress_pods,
    render,
)

CLUSTER = {"strimzi.io/cluster": "redress"}
Rights = Mapping[tuple[str, str], set[str]]


def production() -> list[Resource]:
    return render("overlays/production")


def topics(resources: list[Resource]) -> dict[str, int]:
    return {
        found["metadata"]["name"]: found["spec"]["partitions"] for found in of_kind(resources, "KafkaTopic")
    }


def rights(user: Resource) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for rule in user["spec"]["authorization"]["acls"]:
        resource = rule["resource"]
        assert (resource["patternType"], rule["host"]) == ("literal", "*")
        found.setdefault((resource["type"], resource["name"]), set()).update(rule["operations"])
    return found


def needed(service: str) -> Rights:
    heard = [topic_of(other) for other in LISTENS[service]]
    writes = {
        ("topic", topic): {"Write", "Describe"}
        for topic in (topic_of(service), *(dead_letter_topic(topic, service) for topic in heard))
    }
    reads = {("topic", topic): {"Read", "Describe"} for topic in heard}
    return writes | reads | {("group", service): {"Read", "Describe"}}


def test_topics_and_their_partitions_are_those_of_the_code() -> None:
    assert topics(production()) == redress_topics()


def test_a_missing_topic_or_another_number_of_partitions_would_be_noticed() -> None:
    resources = production()
    named(resources, "KafkaTopic", "redress.capa")["spec"]["partitions"] = 12
    named(resources, "KafkaTopic", "redress.capa.intake.dead")["metadata"]["name"] = "redress.capa.intake"
    wrong = topics(resources).items() ^ redress_topics().items()
    assert {name for name, _ in wrong} == {"redress.capa", "redress.capa.intake.dead", "redress.capa.intake"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_do_what_it_does_and_nothing_else(service: str) -> None:
    user = named(production(), "KafkaUser", f"kafka-{service}")
    assert rights(user) == needed(service)


def test_keda_may_only_look() -> None:
    granted = rights(named(production(), "KafkaUser", "kafka-keda"))
    assert {name for kind, name in granted if kind == "group"} == set(SERVICES)
    assert {name for kind, name in granted if kind == "topic"} == {topic_of(service) for service in SERVICES}
    assert set().union(*granted.values()) == {"Describe"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_shows_the_certificate_of_its_own_user(service: str) -> None:
    resources = production()
    (worker,) = (pod for pod in redress_pods(resources) if pod.name == f"Deployment/{service}-worker")
    secrets = {
        mount: volume["secret"]["secretName"] for mount, volume in mounts(worker) if "secret" in volume
    }
    assert secrets["/kafka/user"] == f"kafka-{service}"
    assert secrets["/kafka/ca"] == "redress-cluster-ca-cert"


def test_workers_ask_the_door_that_the_brokers_have() -> None:
    resources = production()
    (listener,) = named(resources, "Kafka", "redress")["spec"]["kafka"]["listeners"]
    assert (listener["tls"], listener["authentication"]) == (True, {"type": "tls"})
    for pod in redress_pods(resources):
        values = environment(pod, resources)
        assert values["REDRESS_KAFKA_BOOTSTRAP_SERVERS"] == f"redress-kafka-bootstrap:{listener['port']}"
        assert values["REDRESS_KAFKA_SECURITY_PROTOCOL"] == "SSL"


def test_brokers_are_of_the_version_that_redress_is_tested_with() -> None:
    assert named(production(), "Kafka", "redress")["spec"]["kafka"]["version"] == kafka_version()


def test_everything_of_kafkas_belongs_to_the_cluster() -> None:
    for found in of_kind(production(), "KafkaTopic", "KafkaUser", "KafkaNodePool"):
        assert found["metadata"]["labels"].items() >= CLUSTER.items()


def test_a_record_outlives_the_loss_of_one_broker() -> None:
    resources = production()
    brokers = named(resources, "KafkaNodePool", "brokers")["spec"]["replicas"]
    config = named(resources, "Kafka", "redress")["spec"]["kafka"]["config"]
    for topic in of_kind(resources, "KafkaTopic"):
        spec = topic["spec"]
        assert 1 < spec["config"]["min.insync.replicas"] < spec["replicas"] <= brokers
    assert config["auto.create.topics.enable"] is False
    assert config["unclean.leader.election.enable"] is False


def test_no_event_is_kept_longer_than_an_inbox_knows_it() -> None:
    kept = {
        found["metadata"]["name"]: found["spec"]["config"]["retention.ms"]
        for found in of_kind(production(), "KafkaTopic")
    }
    announced = max(milliseconds for name, milliseconds in kept.items() if not name.endswith(".dead"))
    dead = max(milliseconds for name, milliseconds in kept.items() if name.endswith(".dead"))
    assert announced + dead <= INBOX_RETENTION.total_seconds() * 1000
