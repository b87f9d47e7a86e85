"""What one resource says of another is so."""

import re
from collections.abc import Sequence

from tests.deploy.k8s.policies.rule import Complaints, each_container, ports_of
from tests.deploy.k8s.rendering import Resource, named, of_kind, pods, selects

API_VERSIONS = {
    "apps/v1",
    "autoscaling/v2",
    "batch/v1",
    "kafka.strimzi.io/v1",
    "keda.sh/v1alpha1",
    "monitoring.coreos.com/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "postgresql.cnpg.io/v1",
    "v1",
}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def known_api_versions(resources: Sequence[Resource]) -> Complaints:
    """Nothing that a supported version of Kubernetes or of an operator has dropped."""
    for found in resources:
        if found["apiVersion"] not in API_VERSIONS:
            yield f"{found['kind']}/{found['metadata']['name']} is of {found['apiVersion']}"


def services_find_pods(resources: Sequence[Resource]) -> Complaints:
    """No service dangles."""
    for service in of_kind(resources, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        if not any(selects(selector, pod.labels) for pod in pods(resources)):
            yield f"Service/{service['metadata']['name']} selects no pod"


def selectors_match_templates(resources: Sequence[Resource]) -> Complaints:
    """A workload selects the pods that it makes."""
    for pod in pods(resources):
        if "selector" in pod.owner["spec"] and not selects(pod.owner["spec"]["selector"], pod.labels):
            yield f"{pod.name} does not select its own pods"


def target_ports_exist(resources: Sequence[Resource]) -> Complaints:
    """A service's target is a port that the pods behind it name."""
    for service in of_kind(resources, "Service"):
        behind = [
            pod
            for pod in pods(resources)
            if selects({"matchLabels": service["spec"]["selector"]}, pod.labels)
        ]
        for port in service["spec"]["ports"]:
            for pod in behind:
                if port["targetPort"] not in ports_of(pod):
                    yield f"Service/{service['metadata']['name']}: {pod.name} has no port {port['targetPort']}"


def probe_ports_exist(resources: Sequence[Resource]) -> Complaints:
    """A probe asks a port that the container has."""
    for pod, container, where in each_container(resources):
        for probe in PROBES:
            asked = container.get(probe, {}).get("httpGet", container.get(probe, {}).get("tcpSocket"))
            if asked is not None and asked["port"] not in ports_of(pod):
                yield f"{where}: {probe} asks {asked['port']}, which is no port of it"


def references_lead_somewhere(resources: Sequence[Resource]) -> Complaints:
    """Each config map that is named is there, under the name with its hash."""
    there = {found["metadata"]["name"] for found in of_kind(resources, "ConfigMap")}
    for pod, container, where in each_container(resources):
        wanted = {
            source["configMapRef"]["name"]
            for source in container.get("envFrom", ())
            if "configMapRef" in source
        }
        wanted |= {
            volume["configMap"]["name"] for volume in pod.spec.get("volumes", ()) if "configMap" in volume
        }
        for name in sorted(wanted - there):
            yield f"{where} reads the config map {name}, which is not there"
    for name in sorted(there):
        if not re.search(r"-[a-z0-9]{10}$", name):
            yield f"ConfigMap/{name} has no hash, so that a change of it would roll nothing out"


def jobs_run_what_deployments_run(resources: Sequence[Resource]) -> Complaints:
    """A migration of the same image, cleaned up some time after it ended."""
    images: dict[str, set[str]] = {}
    for pod in pods(resources):
        images.setdefault(pod.labels["app.kubernetes.io/name"], set()).update(
            container["image"] for container in pod.containers
        )
    for name, found in images.items():
        if len(found) > 1:
            yield f"{name} runs several images: {', '.join(sorted(found))}"
    for job in of_kind(resources, "Job"):
        if "ttlSecondsAfterFinished" not in job["spec"]:
            yield f"Job/{job['metadata']['name']} stays for ever"


def everything_is_in_one_namespace(resources: Sequence[Resource]) -> Complaints:
    """The namespace redress, whatever a person's kubectl is set to."""
    named(resources, "Namespace", "redress")
    for found in resources:
        if found["kind"] != "Namespace" and found["metadata"].get("namespace") != "redress":
            yield f"{found['kind']}/{found['metadata']['name']} is in {found['metadata'].get('namespace')}"
