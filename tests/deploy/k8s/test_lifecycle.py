"""A pod is asked what it can answer, and has the time that it needs to stop."""

from collections.abc import Iterator

import pytest
from starlette.routing import Route

from chassis.health import Health, operations_app
from events.kafka.settings import KafkaSettings
from tests.deploy.k8s.rendering import (
    FOLDERS,
    Pod,
    Resource,
    environment,
    named,
    of_kind,
    redress_pods,
    render,
)

CLOSING_SECONDS = 10.0
"""What is closed after the loops have ended: the transport, the database, the last log lines."""


def deployments(resources: list[Resource]) -> list[Pod]:
    return [pod for pod in redress_pods(resources) if pod.owner["kind"] == "Deployment"]


def wrong_probes(pod: Pod) -> Iterator[str]:
    container = pod.spec["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    if ports.get("metrics") != 9000:
        yield "metrics are not on port 9000"
    for probe, path in (
        ("startupProbe", "/health/ready"),
        ("readinessProbe", "/health/ready"),
        # Neither the database nor the broker: their outage would restart every pod again and again.
        ("livenessProbe", "/health/live"),
    ):
        asked = container[probe]["httpGet"]
        if asked != {"path": path, "port": "metrics"}:
            yield f"{probe} asks {asked}"
        if container[probe]["timeoutSeconds"] <= 2:
            yield f"{probe} gives up before the check itself does"


@pytest.mark.parametrize("folder", FOLDERS)
def test_probes_ask_the_metrics_port_whether_it_is_live_or_ready(folder: str) -> None:
    served = {route.path for route in operations_app(Health({})).routes if isinstance(route, Route)}
    assert {"/health/live", "/health/ready", "/metrics"} <= served
    for pod in deployments(render(folder)):
        assert list(wrong_probes(pod)) == []


@pytest.mark.parametrize(
    ("probe", "path"),
    [("livenessProbe", "/health/ready"), ("startupProbe", "/health"), ("readinessProbe", "/")],
)
def test_a_probe_of_another_path_would_be_noticed(probe: str, path: str) -> None:
    pod = deployments(render("base"))[0]
    pod.spec["containers"][0][probe]["httpGet"]["path"] = path
    assert len(list(wrong_probes(pod))) == 1


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_pod_has_time_to_finish_what_it_began(folder: str) -> None:
    resources = render(folder)
    for pod in deployments(resources):
        container = pod.spec["containers"][0]
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        stop = float(environment(pod, resources)["REDRESS_STOP_TIMEOUT_SECONDS"])
        assert stop >= KafkaSettings().drain + KafkaSettings().commit
        assert pod.spec["terminationGracePeriodSeconds"] > pause + stop + CLOSING_SECONDS


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_api_waits_until_no_request_comes_to_it_any_more(folder: str) -> None:
    for pod in deployments(render(folder)):
        is_api = pod.labels["app.kubernetes.io/component"] == "api"
        assert ("lifecycle" in pod.spec["containers"][0]) == is_api


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_rollout_takes_nothing_away_before_its_replacement_is_ready(folder: str) -> None:
    for pod in deployments(render(folder)):
        assert pod.owner["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_a_migration_may_wait_for_its_database_and_take_its_time() -> None:
    for job in of_kind(render("base"), "Job"):
        spec = job["spec"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        # A statement of a migration may take an hour, and Kubernetes doubles its waits from 10 s.
        assert spec["activeDeadlineSeconds"] > 3600
        assert sum(10 * 2**attempt for attempt in range(spec["backoffLimit"])) >= 600


def test_argo_cd_brings_what_a_migration_needs_then_migrates_then_rolls_out() -> None:
    resources = render("overlays/production")

    def wave(kind: str, name: str) -> int:
        return int(
            named(resources, kind, name)["metadata"]
            .get("annotations", {})
            .get("argocd.argoproj.io/sync-wave", 0)
        )

    needs = [
        found
        for found in resources
        if found["kind"] in {"ConfigMap", "ServiceAccount", "NetworkPolicy", "Cluster", "Database"}
    ]
    assert max(wave(found["kind"], found["metadata"]["name"]) for found in needs) < wave(
        "Job", "intake-migrate"
    )
    assert wave("Job", "intake-migrate") < wave("Deployment", "intake-api")
    for job in of_kind(resources, "Job"):
        annotations = job["metadata"]["annotations"]
        assert annotations["argocd.argoproj.io/hook"] == "Sync"
        assert annotations["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"
