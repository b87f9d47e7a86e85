"""Every rendered manifest keeps every rule, and every rule catches what breaks it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.deploy.k8s.planting import GONE, plant
from tests.deploy.k8s.policies import RULES, Rule, availability, containers, pods, references
from tests.deploy.k8s.rendering import FOLDERS, render

API = "Deployment/intake-api"
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
SECURITY = f"{CONTAINER}.securityContext"

PLANTED: list[tuple[Rule, str, Mapping[str, Any]]] = [
    (references.known_api_versions, "PodDisruptionBudget/intake-api", {"apiVersion": "policy/v1beta1"}),
    (references.services_find_pods, "Service/intake-api", {"spec.selector": {"app": "nobody"}}),
    (references.selectors_match_templates, API, {"spec.selector.matchLabels": {"app": "else"}}),
    (references.target_ports_exist, "Service/intake-api", {"spec.ports.0.targetPort": "https"}),
    (references.probe_ports_exist, API, {f"{CONTAINER}.livenessProbe.httpGet.port": "probes"}),
    (references.probe_ports_exist, API, {f"{CONTAINER}.startupProbe.httpGet.port": 9001}),
    (availability.long_running_pods_are_probed, API, {f"{CONTAINER}.readinessProbe": GONE}),
    (containers.images_are_pinned, API, {f"{CONTAINER}.image": "redress-intake:latest"}),
    (containers.images_are_pinned, API, {f"{CONTAINER}.image": "registry.example.org:5000/redress-intake"}),
    (
        containers.secrets_come_by_reference,
        API,
        {f"{CONTAINER}.env.0": {"name": "REDRESS_DATABASE_URL", "value": "postgresql://"}},
    ),
    (containers.secrets_come_by_reference, "ServiceAccount/intake-api", {"kind": "Secret"}),
    (
        containers.secrets_come_by_reference,
        "ServiceAccount/intake-api",
        {"kind": "ConfigMap", "data": {"REDRESS_PEPPER": "x"}},
    ),
    (containers.no_variable_twice, API, {f"{CONTAINER}.env.0.name": "REDRESS_PEPPER"}),
    (containers.nobody_is_root, API, {f"{POD}.securityContext.runAsUser": 0}),
    (containers.nobody_is_root, API, {f"{POD}.securityContext.runAsNonRoot": GONE}),
    (containers.nobody_is_root, API, {f"{SECURITY}.runAsUser": 0}),
    (containers.roots_are_read_only, API, {f"{SECURITY}.readOnlyRootFilesystem": False}),
    (containers.no_privileges, API, {f"{SECURITY}.privileged": True}),
    (containers.no_privileges, API, {f"{SECURITY}.allowPrivilegeEscalation": GONE}),
    (containers.no_privileges, API, {f"{SECURITY}.capabilities": {"drop": ["NET_RAW"]}}),
    (containers.no_privileges, API, {f"{SECURITY}.capabilities.add": ["SYS_ADMIN"]}),
    (containers.no_privileges, API, {f"{SECURITY}.procMount": "Unmasked"}),
    (containers.system_calls_are_filtered, API, {f"{POD}.securityContext.seccompProfile": GONE}),
    (
        containers.system_calls_are_filtered,
        API,
        {f"{POD}.securityContext.sysctls": [{"name": "kernel.msgmax"}]},
    ),
    (pods.no_namespace_of_the_host, API, {f"{POD}.hostNetwork": True}),
    (pods.no_namespace_of_the_host, API, {f"{POD}.hostPID": True}),
    (pods.no_namespace_of_the_host, API, {f"{POD}.hostIPC": True}),
    (
        pods.no_folder_of_the_host,
        API,
        {f"{POD}.volumes.0": {"name": "docker", "hostPath": {"path": "/var/run/docker.sock"}}},
    ),
    (containers.no_port_for_ssh, API, {f"{CONTAINER}.ports.0.containerPort": 22}),
    (containers.memory_is_bounded_and_cpu_is_not, API, {f"{CONTAINER}.resources.limits.cpu": "1"}),
    (containers.memory_is_bounded_and_cpu_is_not, API, {f"{CONTAINER}.resources.limits": GONE}),
    (containers.memory_is_bounded_and_cpu_is_not, API, {f"{CONTAINER}.resources.requests.cpu": GONE}),
    (pods.temporary_folders_are_bounded, API, {f"{POD}.volumes.0": {"name": "tmp", "emptyDir": {}}}),
    (pods.volumes_are_what_is_mounted, API, {f"{CONTAINER}.volumeMounts.0.name": "temporary"}),
    (pods.accounts_exist_and_have_no_token, API, {f"{POD}.serviceAccountName": "intake"}),
    (pods.accounts_exist_and_have_no_token, API, {f"{POD}.serviceAccountName": GONE}),
    (pods.accounts_exist_and_have_no_token, API, {f"{POD}.serviceAccount": "intake-api"}),
    (pods.accounts_exist_and_have_no_token, API, {f"{POD}.automountServiceAccountToken": GONE}),
    (
        pods.accounts_exist_and_have_no_token,
        "ServiceAccount/intake-api",
        {"automountServiceAccountToken": True},
    ),
    (pods.no_variables_from_services, API, {f"{POD}.enableServiceLinks": GONE}),
    (references.references_lead_somewhere, API, {f"{CONTAINER}.envFrom.0.configMapRef.name": "redress"}),
    (
        references.references_lead_somewhere,
        "ServiceAccount/intake-api",
        {"kind": "ConfigMap", "metadata.name": "without-hash"},
    ),
    (availability.replicas_are_spread, API, {f"{POD}.topologySpreadConstraints": GONE}),
    (
        availability.replicas_are_spread,
        API,
        {f"{POD}.topologySpreadConstraints.0.labelSelector.matchLabels": {"app": "else"}},
    ),
    (
        availability.disruptions_are_budgeted,
        "PodDisruptionBudget/intake-api",
        {"spec.unhealthyPodEvictionPolicy": GONE},
    ),
    (availability.disruptions_are_budgeted, "PodDisruptionBudget/intake-api", {"spec.maxUnavailable": 0}),
    (
        availability.disruptions_are_budgeted,
        "PodDisruptionBudget/intake-api",
        {"spec.selector.matchLabels": {"app": "x"}},
    ),
    (pods.pods_are_closed_by_default, "NetworkPolicy/default-deny", {"spec.policyTypes": ["Ingress"]}),
    (pods.pods_are_closed_by_default, API, {"spec.template.metadata.labels": {"app": "intake"}}),
    (
        availability.one_scaler_for_a_target,
        "HorizontalPodAutoscaler/capa-api",
        {"spec.scaleTargetRef.name": "intake-api"},
    ),
    (
        availability.one_scaler_for_a_target,
        "HorizontalPodAutoscaler/intake-api",
        {"spec.scaleTargetRef.name": "api"},
    ),
    (availability.one_scaler_for_a_target, API, {"spec.replicas": 2}),
    (
        references.jobs_run_what_deployments_run,
        "Job/intake-migrate",
        {f"{CONTAINER}.image": "redress-intake:0.0.9"},
    ),
    (references.jobs_run_what_deployments_run, "Job/intake-migrate", {"spec.ttlSecondsAfterFinished": GONE}),
    (references.everything_is_in_one_namespace, API, {"metadata.namespace": GONE}),
]


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
