"""Workers are scaled by the lag of their group, within what their topics and their work allow."""

from typing import Any

import pytest

from events.catalogue import LISTENS, topic_of
from tests.deploy.k8s.rendering import (
    SERVICES,
    Resource,
    environment,
    named,
    of_kind,
    pods,
    redress_pods,
    render,
)


def scaler(service: str) -> dict[str, Any]:
    found: dict[str, Any] = named(render("overlays/production"), "ScaledObject", f"{service}-worker")["spec"]
    return found


def beyond(resources: list[Resource], service: str) -> list[str]:
    """Say which bound of a scaler its topics do not bear."""
    spec = named(resources, "ScaledObject", f"{service}-worker")["spec"]
    found = []
    if spec["minReplicaCount"] < 1:
        found.append("zero")
    for trigger in spec["triggers"]:
        partitions = named(resources, "KafkaTopic", trigger["metadata"]["topic"])["spec"]["partitions"]
        if spec["maxReplicaCount"] > partitions:
            found.append(trigger["metadata"]["topic"])
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_never_goes_to_zero_and_never_beyond_its_partitions(service: str) -> None:
    assert beyond(render("overlays/production"), service) == []


def test_a_worker_that_could_go_to_zero_or_idle_would_be_noticed() -> None:
    resources = render("overlays/production")
    named(resources, "ScaledObject", "notifier-worker")["spec"] |= {
        "minReplicaCount": 0,
        "maxReplicaCount": 7,
    }
    assert beyond(resources, "notifier") == ["zero", "redress.intake", "redress.capa"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_lag_is_that_of_the_services_group_on_what_it_listens_to(service: str) -> None:
    resources = render("overlays/production")
    asked = [trigger["metadata"] for trigger in scaler(service)["triggers"]]
    assert [each["topic"] for each in asked] == [topic_of(other) for other in LISTENS[service]]
    assert {each["consumerGroup"] for each in asked} == {service}
    # Where the application begins to read when its group has kept nothing; KEDA's default is the other end.
    assert {each["offsetResetPolicy"] for each in asked} == {"earliest"}
    worker = next(pod for pod in redress_pods(resources) if pod.name == f"Deployment/{service}-worker")
    servers = environment(worker, resources)["REDRESS_KAFKA_BOOTSTRAP_SERVERS"]
    # KEDA runs in another namespace.
    assert {each["bootstrapServers"] for each in asked} == {servers.replace(":", ".redress:")}


@pytest.mark.parametrize("service", SERVICES)
def test_scaling_down_is_slow_since_every_step_takes_all_partitions_away(service: str) -> None:
    down = scaler(service)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] >= 300
    assert [policy["value"] for policy in down["policies"]] == [1]


def test_keda_shows_the_certificate_of_its_own_user() -> None:
    resources = render("overlays/production")
    (authentication,) = of_kind(resources, "TriggerAuthentication")
    references = {
        each["parameter"]: (each["name"], each["key"]) for each in authentication["spec"]["secretTargetRef"]
    }
    assert references == {
        "ca": ("redress-cluster-ca-cert", "ca.crt"),
        "cert": ("kafka-keda", "user.crt"),
        "key": ("kafka-keda", "user.key"),
    }
    for spec in map(scaler, SERVICES):
        assert {trigger["authenticationRef"]["name"] for trigger in spec["triggers"]} == {"kafka"}
        assert {trigger["metadata"]["tls"] for trigger in spec["triggers"]} == {"enable"}


def test_every_api_is_scaled_by_cpu_that_it_requests() -> None:
    resources = render("base")
    for service in SERVICES:
        spec = named(resources, "HorizontalPodAutoscaler", f"{service}-api")["spec"]
        assert 2 <= spec["minReplicas"] < spec["maxReplicas"]
        assert [metric["resource"]["name"] for metric in spec["metrics"]] == ["cpu"]


def test_postgresql_has_connections_for_all_replicas_there_may_be() -> None:
    """Each process holds a pool for its work and a connection or two for probes and migrations."""
    resources = render("overlays/production")
    allowed = int(
        named(resources, "Cluster", "redress-postgres")["spec"]["postgresql"]["parameters"]["max_connections"]
    )
    most = 0
    for pod in redress_pods(resources):
        scalers = of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject")
        own = [
            each["spec"]
            for each in scalers
            if each["spec"]["scaleTargetRef"]["name"] == pod.owner["metadata"]["name"]
        ]
        replicas = max((spec.get("maxReplicas", spec.get("maxReplicaCount")) for spec in own), default=0)
        pool = int(environment(pod, resources).get("REDRESS_DATABASE_POOL_SIZE", "4"))
        most += (replicas + 1) * (pool + 1)
    assert pods(resources)
    assert most < allowed
