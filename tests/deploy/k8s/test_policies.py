"""Every rendered manifest keeps every rule, and every rule catches what breaks it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.deploy.k8s import policies
from tests.deploy.k8s.policies import RULES, Rule
from tests.deploy.k8s.rendering import FOLDERS, Resource, named, render

GONE: Any = object()
"""In place of a value: take the field away."""

API = "Deployment/intake-api"
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
SECURITY = f"{CONTAINER}.securityContext"

PLANTED: list[tuple[Rule, str, Mapping[str, Any]]] = [
    (policies.known_api_versions, "PodDisruptionBudget/intake-api", {"apiVersion": "policy/v1beta1"}),
    (policies.services_find_pods, "Service/intake-api", {"spec.selector": {"app": "nobody"}}),
    (policies.selectors_match_templates, API, {"spec.selector.matchLabels": {"app": "else"}}),
    (policies.target_ports_exist, "Service/intake-api", {"spec.ports.0.targetPort": "https"}),
    (policies.probe_ports_exist, API, {f"{CONTAINER}.livenessProbe.httpGet.port": "probes"}),
    (policies.probe_ports_exist, API, {f"{CONTAINER}.startupProbe.httpGet.port": 9001}),
    (policies.long_running_pods_are_probed, API, {f"{CONTAINER}.readinessProbe": GONE}),
    (policies.images_are_pinned, API, {f"{CONTAINER}.image": "redress-intake:latest"}),
    (policies.images_are_pinned, API, {f"{CONTAINER}.image": "registry.example.org:5000/redress-intake"}),
    (
        policies.secrets_come_by_reference,
        API,
        {f"{CONTAINER}.env.0": {"name": "REDRESS_DATABASE_URL", "value": "postgresql://"}},
    ),
    (policies.secrets_come_by_reference, "ServiceAccount/intake-api", {"kind": "Secret"}),
    (
        policies.secrets_come_by_reference,
        "ServiceAccount/intake-api",
        {"kind": "ConfigMap", "data": {"REDRESS_PEPPER": "x"}},
    ),
    (policies.no_variable_twice, API, {f"{CONTAINER}.env.0.name": "REDRESS_PEPPER"}),
    (policies.nobody_is_root, API, {f"{POD}.securityContext.runAsUser": 0}),
    (policies.nobody_is_root, API, {f"{POD}.securityContext.runAsNonRoot": GONE}),
    (policies.nobody_is_root, API, {f"{SECURITY}.runAsUser": 0}),
    (policies.roots_are_read_only, API, {f"{SECURITY}.readOnlyRootFilesystem": False}),
    (policies.no_privileges, API, {f"{SECURITY}.privileged": True}),
    (policies.no_privileges, API, {f"{SECURITY}.allowPrivilegeEscalation": GONE}),
    (policies.no_privileges, API, {f"{SECURITY}.capabilities": {"drop": ["NET_RAW"]}}),
    (policies.no_privileges, API, {f"{SECURITY}.capabilities.add": ["SYS_ADMIN"]}),
    (policies.no_privileges, API, {f"{SECURITY}.procMount": "Unmasked"}),
    (policies.system_calls_are_filtered, API, {f"{POD}.securityContext.seccompProfile": GONE}),
    (
        policies.system_calls_are_filtered,
        API,
        {f"{POD}.securityContext.sysctls": [{"name": "kernel.msgmax"}]},
    ),
    (policies.no_namespace_of_the_host, API, {f"{POD}.hostNetwork": True}),
    (policies.no_namespace_of_the_host, API, {f"{POD}.hostPID": True}),
    (policies.no_namespace_of_the_host, API, {f"{POD}.hostIPC": True}),
    (
        policies.no_folder_of_the_host,
        API,
        {f"{POD}.volumes.0": {"name": "docker", "hostPath": {"path": "/var/run/docker.sock"}}},
    ),
    (policies.no_port_for_ssh, API, {f"{CONTAINER}.ports.0.containerPort": 22}),
    (policies.memory_is_bounded_and_cpu_is_not, API, {f"{CONTAINER}.resources.limits.cpu": "1"}),
    (policies.memory_is_bounded_and_cpu_is_not, API, {f"{CONTAINER}.resources.limits": GONE}),
    (policies.memory_is_bounded_and_cpu_is_not, API, {f"{CONTAINER}.resources.requests.cpu": GONE}),
    (policies.temporary_folders_are_bounded, API, {f"{POD}.volumes.0": {"name": "tmp", "emptyDir": {}}}),
    (policies.volumes_are_what_is_mounted, API, {f"{CONTAINER}.volumeMounts.0.name": "temporary"}),
    (policies.accounts_exist_and_have_no_token, API, {f"{POD}.serviceAccountName": "intake"}),
    (policies.accounts_exist_and_have_no_token, API, {f"{POD}.serviceAccountName": GONE}),
    (policies.accounts_exist_and_have_no_token, API, {f"{POD}.automountServiceAccountToken": GONE}),
    (
        policies.accounts_exist_and_have_no_token,
        "ServiceAccount/intake-api",
        {"automountServiceAccountToken": True},
    ),
    (policies.no_variables_from_services, API, {f"{POD}.enableServiceLinks": GONE}),
    (policies.references_lead_somewhere, API, {f"{CONTAINER}.envFrom.0.configMapRef.name": "redress"}),
    (
        policies.references_lead_somewhere,
        "ServiceAccount/intake-api",
        {"kind": "ConfigMap", "metadata.name": "without-hash"},
    ),
    (policies.replicas_are_spread, API, {f"{POD}.topologySpreadConstraints": GONE}),
    (
        policies.replicas_are_spread,
        API,
        {f"{POD}.topologySpreadConstraints.0.labelSelector.matchLabels": {"app": "else"}},
    ),
    (
        policies.disruptions_are_budgeted,
        "PodDisruptionBudget/intake-api",
        {"spec.unhealthyPodEvictionPolicy": GONE},
    ),
    (policies.disruptions_are_budgeted, "PodDisruptionBudget/intake-api", {"spec.maxUnavailable": 0}),
    (
        policies.disruptions_are_budgeted,
        "PodDisruptionBudget/intake-api",
        {"spec.selector.matchLabels": {"app": "x"}},
    ),
    (policies.pods_are_closed_by_default, "NetworkPolicy/default-deny", {"spec.policyTypes": ["Ingress"]}),
    (policies.pods_are_closed_by_default, API, {"spec.template.metadata.labels": {"app": "intake"}}),
    (
        policies.one_scaler_for_a_target,
        "HorizontalPodAutoscaler/capa-api",
        {"spec.scaleTargetRef.name": "intake-api"},
    ),
    (
        policies.one_scaler_for_a_target,
        "HorizontalPodAutoscaler/intake-api",
        {"spec.scaleTargetRef.name": "api"},
    ),
    (policies.one_scaler_for_a_target, API, {"spec.replicas": 2}),
    (
        policies.jobs_run_what_deployments_run,
        "Job/intake-migrate",
        {f"{CONTAINER}.image": "redress-intake:0.0.9"},
    ),
    (policies.jobs_run_what_deployments_run, "Job/intake-migrate", {"spec.ttlSecondsAfterFinished": GONE}),
    (policies.everything_is_in_one_namespace, API, {"metadata.namespace": GONE}),
]


def plant(resources: list[Resource], where: str, defects: Mapping[str, Any]) -> None:
    found = named(resources, *where.split("/"))
    for path, value in defects.items():
        *parents, last = path.split(".")
        place: Any = found
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if value is GONE:
            del place[last]
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rendered_manifests_keep_the_rule(rule: Rule, folder: str) -> None:
    assert list(rule(render(folder))) == []


@pytest.mark.parametrize(
    ("rule", "where", "defects"), PLANTED, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_defect_breaks_the_rule(rule: Rule, where: str, defects: Mapping[str, Any]) -> None:
    resources = render("base")
    plant(resources, where, defects)
    assert list(rule(resources))


def test_every_rule_has_a_planted_defect() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
