"""Kubernetes and the operators would take every rendered manifest as it is, dropping no field."""

import json
from pathlib import Path

import pytest

from tests.deploy.k8s.definitions import (
    TYPES,
    UNTYPED,
    VERSIONS,
    is_core,
    refused_by_kubernetes,
    refused_by_strimzi,
    refused_by_types,
)
from tests.deploy.k8s.planting import GONE, plant
from tests.deploy.k8s.policies.references import API_VERSIONS
from tests.deploy.k8s.rendering import FOLDERS, Resource, named, need_tools, of_kind, render

STRIMZI = "kafka.strimzi.io/v1"
DATABASE_ROLE = {
    "cluster": dict,
    "name": str,
    "login": bool,
    "passwordSecret": dict,
}
"""The fields of a DatabaseRole that are used, from CloudNativePG 1.30's reference."""


def everything() -> list[Resource]:
    """Every resource of every folder, those that are alike once."""
    found = [each for folder in FOLDERS for each in render(folder)]
    return list({json.dumps(each, sort_keys=True): each for each in found}.values())


def place(found: Resource) -> str:
    return f"{found['kind']}/{found['metadata']['name']}"


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_resource_of_its_own(version: str) -> None:
    core = [found for found in everything() if is_core(found)]
    refusals = {place(found): refused_by_kubernetes(found, version) for found in core}
    assert {name: refusal for name, refusal in refusals.items() if refusal} == {}


@pytest.mark.parametrize(
    ("where", "field", "value"),
    [
        ("Deployment/intake-api", "spec.template.spec.enableServiceLink", False),
        ("Deployment/intake-api", "spec.template.spec.containers.0.readinessProbe.periodSeconds", "5"),
        ("Deployment/intake-api", "spec.selector", GONE),
        ("PodDisruptionBudget/intake-api", "apiVersion", "policy/v1beta1"),
        ("NetworkPolicy/dns", "kind", "NetworkPolice"),
    ],
)
def test_kubernetes_refuses_a_planted_defect(where: str, field: str, value: object) -> None:
    resources = render("base")
    (before,) = (found for found in resources if place(found) == where)
    assert refused_by_kubernetes(before, VERSIONS[-1]) == ""
    plant(resources, where, {field: value})
    assert all(refused_by_kubernetes(before, version) for version in VERSIONS)


def test_every_other_resource_has_a_definition_to_be_held_to() -> None:
    others = [found for found in everything() if not is_core(found)]
    assert {found["apiVersion"] for found in others} <= API_VERSIONS
    kinds = {(found["apiVersion"], found["kind"]) for found in others}
    assert {kind for kind in kinds - TYPES.keys() - UNTYPED if kind[0] != STRIMZI} == set()


def test_strimzi_takes_its_resources() -> None:
    need_tools()
    own = [found for found in everything() if found["apiVersion"] == STRIMZI]
    refusals = {place(found): refused_by_strimzi(found) for found in own}
    assert {found["kind"] for found in own} == {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"}
    assert {name: refusal for name, refusal in refusals.items() if refusal} == {}


@pytest.mark.parametrize(
    ("where", "field", "value"),
    [
        ("Kafka/redress", "spec.kafka.listeners.0.authentification", {"type": "tls"}),
        ("Kafka/redress", "spec.kafka.listeners.0.tls", GONE),
        ("KafkaNodePool/brokers", "spec.roles", ["brokers"]),
        ("KafkaTopic/redress.intake", "spec.partitions", "six"),
        ("KafkaTopic/redress.intake", "spec.replicationFactor", 3),
        ("KafkaUser/kafka-intake", "spec.authorization.acls.0.operation", "Write"),
        ("KafkaUser/kafka-intake", "spec.authorization.acls.0.operations", ["Writes"]),
    ],
)
def test_strimzi_refuses_a_planted_defect(where: str, field: str, value: object) -> None:
    need_tools()
    resources = render("overlays/production")
    plant(resources, where, {field: value})
    assert refused_by_strimzi(named(resources, *where.split("/")))


def test_the_other_operators_take_their_resources(tmp_path: Path) -> None:
    need_tools()
    own = [found for found in everything() if (found["apiVersion"], found["kind"]) in TYPES]
    assert {found["kind"] for found in own} >= {
        "ScaledObject",
        "TriggerAuthentication",
        "Cluster",
        "PodMonitor",
    }
    assert refused_by_types(own, tmp_path) == []


def test_the_other_operators_refuse_planted_defects(tmp_path: Path) -> None:
    need_tools()
    resources = render("overlays/production")
    defects: list[tuple[str, str, object]] = [
        ("ScaledObject/intake-worker", "spec.pollingIntervall", 30),
        ("ScaledObject/capa-worker", "spec.triggers.0.metadata", GONE),
        ("Cluster/redress-postgres", "spec.instances", "three"),
        ("Cluster/redress-postgres", "spec.postgresql.synchronous.method", "some"),
        ("Database/intake", "spec.owner", GONE),
        ("PodMonitor/redress", "spec.podMetricsEndpoints.0.portt", "metrics"),
    ]
    spoilt = []
    for where, field, value in defects:
        single = [json.loads(json.dumps(named(resources, *where.split("/"))))]
        plant(single, where, {field: value})
        spoilt += single
    refused = {line.partition(":")[0] for line in refused_by_types(spoilt, tmp_path)}
    assert refused == {str(number) for number in range(len(defects))}


def test_a_database_role_has_the_fields_of_its_reference_and_no_other() -> None:
    roles = of_kind(everything(), "DatabaseRole")
    assert roles
    for role in roles:
        assert {name: type(value) for name, value in role["spec"].items()} == DATABASE_ROLE
        assert role["spec"]["cluster"].keys() == role["spec"]["passwordSecret"].keys() == {"name"}
