"""The rules that every rendered manifest keeps: each function says what breaks it.

They are those that kube-linter applies by default, written anew because it comes in no package, and some of our own.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.deploy.k8s.rendering import Pod, Resource, named, of_kind, pods, selects

Complaints = Iterator[str]
Rule = Callable[[Sequence[Resource]], Complaints]

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
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|PEPPER|DATABASE_URL|API_?KEY$")
_SSH = 22
_SAFE_SYSCTLS = frozenset({"net.ipv4.ip_unprivileged_port_start"})


def _each_container(resources: Sequence[Resource]) -> Iterator[tuple[Pod, dict[str, Any], str]]:
    for pod in pods(resources):
        for container in pod.containers:
            yield pod, container, f"{pod.name}, container {container['name']}"


def _security(pod: Pod, container: dict[str, Any], field: str) -> Any:
    own = container.get("securityContext", {})
    return own.get(field, pod.spec.get("securityContext", {}).get(field))


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
                if port["targetPort"] not in _ports(pod):
                    yield f"Service/{service['metadata']['name']}: {pod.name} has no port {port['targetPort']}"


def _ports(pod: Pod) -> set[str | int]:
    listed = [port for container in pod.containers for port in container.get("ports", ())]
    return {port["name"] for port in listed} | {port["containerPort"] for port in listed}


def probe_ports_exist(resources: Sequence[Resource]) -> Complaints:
    """A probe asks a port that the container has."""
    for pod, container, where in _each_container(resources):
        for probe in PROBES:
            asked = container.get(probe, {}).get("httpGet", container.get(probe, {}).get("tcpSocket"))
            if asked is not None and asked["port"] not in _ports(pod):
                yield f"{where}: {probe} asks {asked['port']}, which is no port of it"


def long_running_pods_are_probed(resources: Sequence[Resource]) -> Complaints:
    """What serves says when it is ready."""
    for pod, container, where in _each_container(resources):
        if pod.owner["kind"] != "Job" and "readinessProbe" not in container:
            yield f"{where} has no readinessProbe"


def images_are_pinned(resources: Sequence[Resource]) -> Complaints:
    """No image without a version, and none that is called latest."""
    for _, container, where in _each_container(resources):
        tag = container["image"].rpartition("/")[2].partition(":")[2]
        if not re.match(r"v?\d+\.\d+", tag):
            yield f"{where}: the image {container['image']} has no version"


def secrets_come_by_reference(resources: Sequence[Resource]) -> Complaints:
    """No secret is a literal, in a variable, a config map or a manifest of its own."""
    for _, container, where in _each_container(resources):
        for variable in container.get("env", ()):
            if _SECRET_NAME.search(variable["name"]) and "value" in variable:
                yield f"{where}: {variable['name']} is a literal"
    for found in of_kind(resources, "ConfigMap"):
        for name in found.get("data", ()):
            if name.isupper() and _SECRET_NAME.search(name):
                yield f"ConfigMap/{found['metadata']['name']} holds {name}"
    for found in of_kind(resources, "Secret"):
        yield f"Secret/{found['metadata']['name']} is committed"


def no_variable_twice(resources: Sequence[Resource]) -> Complaints:
    """The last of two would win without a word."""
    for _, container, where in _each_container(resources):
        names = [variable["name"] for variable in container.get("env", ())]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{where}: {name} is there twice"


def nobody_is_root(resources: Sequence[Resource]) -> Complaints:
    """A user by number, which the node can compare with 0."""
    for pod, container, where in _each_container(resources):
        user = _security(pod, container, "runAsUser")
        if _security(pod, container, "runAsNonRoot") is not True or not isinstance(user, int) or user == 0:
            yield f"{where} may run as root"


def roots_are_read_only(resources: Sequence[Resource]) -> Complaints:
    """Only mounted folders can be written to."""
    for _, container, where in _each_container(resources):
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            yield f"{where} can write to its image"


def no_privileges(resources: Sequence[Resource]) -> Complaints:
    """Not privileged, no more privileges later, no capability, no unmasked /proc."""
    for _, container, where in _each_container(resources):
        context = container.get("securityContext", {})
        if context.get("privileged"):
            yield f"{where} is privileged"
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{where} may gain privileges"
        if "ALL" not in context.get("capabilities", {}).get("drop", ()) or context["capabilities"].get("add"):
            yield f"{where} keeps capabilities"
        if context.get("procMount", "Default") != "Default":
            yield f"{where} sees the whole of /proc"


def system_calls_are_filtered(resources: Sequence[Resource]) -> Complaints:
    """The runtime's own seccomp profile, and no kernel setting but safe ones."""
    for pod, container, where in _each_container(resources):
        if (_security(pod, container, "seccompProfile") or {}).get("type") != "RuntimeDefault":
            yield f"{where} may make any system call"
    for pod in pods(resources):
        for setting in pod.spec.get("securityContext", {}).get("sysctls", ()):
            if setting["name"] not in _SAFE_SYSCTLS:
                yield f"{pod.name} sets {setting['name']}"


def no_namespace_of_the_host(resources: Sequence[Resource]) -> Complaints:
    """Neither its network, nor its processes, nor its memory."""
    for pod in pods(resources):
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(field):
                yield f"{pod.name} has {field}"


def no_folder_of_the_host(resources: Sequence[Resource]) -> Complaints:
    """Neither the container runtime's socket nor any other path of the node."""
    for pod in pods(resources):
        for volume in pod.spec.get("volumes", ()):
            if "hostPath" in volume:
                yield f"{pod.name} mounts the node's {volume['hostPath']['path']}"


def no_port_for_ssh(resources: Sequence[Resource]) -> Complaints:
    """Nobody logs in to a container."""
    for _, container, where in _each_container(resources):
        if any(port["containerPort"] == _SSH for port in container.get("ports", ())):
            yield f"{where} opens port 22"


def memory_is_bounded_and_cpu_is_not(resources: Sequence[Resource]) -> Complaints:
    """Requests of both, a limit of memory, and none of CPU, which would only slow things while the node idles."""
    for _, container, where in _each_container(resources):
        asked = container.get("resources", {})
        if missing := {"cpu", "memory"} - asked.get("requests", {}).keys():
            yield f"{where} requests no {' and no '.join(sorted(missing))}"
        if set(asked.get("limits", {})) != {"memory"}:
            yield f"{where} needs a limit of memory and none of CPU"


def temporary_folders_are_bounded(resources: Sequence[Resource]) -> Complaints:
    """What a pod writes cannot fill the node."""
    for pod in pods(resources):
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
                yield f"{pod.name}: {volume['name']} has no sizeLimit"


def volumes_are_what_is_mounted(resources: Sequence[Resource]) -> Complaints:
    """Each mount has its volume, and each volume its mount."""
    for pod in pods(resources):
        claims = pod.owner["spec"].get("volumeClaimTemplates", ())
        there = {volume["name"] for volume in pod.spec.get("volumes", ())} | {
            claim["metadata"]["name"] for claim in claims
        }
        used = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", ())}
        if there != used:
            yield f"{pod.name}: {', '.join(sorted(there ^ used))} is a volume or a mount alone"


def accounts_exist_and_have_no_token(resources: Sequence[Resource]) -> Complaints:
    """An account of its own for each workload, whose token nobody needs."""
    accounts = {found["metadata"]["name"]: found for found in of_kind(resources, "ServiceAccount")}
    for pod in pods(resources):
        account = accounts.get(pod.spec.get("serviceAccountName", "default"))
        if account is None:
            yield f"{pod.name} has no account of its own"
        elif account.get("automountServiceAccountToken") is not False:
            yield f"{pod.name}: its account hands out tokens"
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name} is given a token"


def no_variables_from_services(resources: Sequence[Resource]) -> Complaints:
    """Kubernetes would make variables named REDRESS_…, and they would be read as settings."""
    for pod in pods(resources):
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.name} has enableServiceLinks"


def references_lead_somewhere(resources: Sequence[Resource]) -> Complaints:
    """Each config map that is named is there, under the name with its hash."""
    there = {found["metadata"]["name"] for found in of_kind(resources, "ConfigMap")}
    for pod, container, where in _each_container(resources):
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


def replicas_are_spread(resources: Sequence[Resource]) -> Complaints:
    """Several replicas go to several zones and nodes as far as there are any."""
    for pod in pods(resources):
        if pod.owner["kind"] != "Deployment" or pod.owner["spec"].get("replicas") == 1:
            continue
        keys = {
            constraint["topologyKey"]
            for constraint in pod.spec.get("topologySpreadConstraints", ())
            if selects(constraint["labelSelector"], pod.labels)
        }
        if keys != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{pod.name} is spread over {sorted(keys)}"


def disruptions_are_budgeted(resources: Sequence[Resource]) -> Complaints:
    """One budget for each service's deployment, which always lets a node be drained."""
    budgets = of_kind(resources, "PodDisruptionBudget")
    for budget in budgets:
        spec, where = budget["spec"], f"PodDisruptionBudget/{budget['metadata']['name']}"
        if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{where} lets what is not ready hold up a drain"
        if not isinstance(spec.get("maxUnavailable"), int) or spec["maxUnavailable"] < 1:
            yield f"{where} allows no disruption"
    for pod in pods(resources):
        if pod.owner["kind"] == "Deployment" and "app.kubernetes.io/component" in pod.labels:
            own = [each for each in budgets if selects(each["spec"]["selector"], pod.labels)]
            if len(own) != 1:
                yield f"{pod.name} has {len(own)} budgets"


def pods_are_closed_by_default(resources: Sequence[Resource]) -> Complaints:
    """Nothing in and nothing out but what another policy allows."""
    closing = [
        policy["spec"]
        for policy in of_kind(resources, "NetworkPolicy")
        if not policy["spec"].get("ingress") and not policy["spec"].get("egress")
    ]
    for pod in pods(resources):
        closed = {
            way for spec in closing if selects(spec["podSelector"], pod.labels) for way in spec["policyTypes"]
        }
        if closed != {"Ingress", "Egress"}:
            yield f"{pod.name} is open"


def one_scaler_for_a_target(resources: Sequence[Resource]) -> Complaints:
    """Not both an autoscaler and KEDA, each on something that is there and fixes no number of its own."""
    scalers = of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject")
    targets = [scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers]
    deployments = {found["metadata"]["name"]: found for found in of_kind(resources, "Deployment")}
    for name in sorted(set(targets)):
        if targets.count(name) > 1:
            yield f"{name} has {targets.count(name)} scalers"
        if name not in deployments:
            yield f"{name} is scaled and not there"
        elif "replicas" in deployments[name]["spec"]:
            yield f"{name} is scaled and has a number of replicas too"


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


RULES: tuple[Rule, ...] = (
    known_api_versions,
    services_find_pods,
    selectors_match_templates,
    target_ports_exist,
    probe_ports_exist,
    long_running_pods_are_probed,
    images_are_pinned,
    secrets_come_by_reference,
    no_variable_twice,
    nobody_is_root,
    roots_are_read_only,
    no_privileges,
    system_calls_are_filtered,
    no_namespace_of_the_host,
    no_folder_of_the_host,
    no_port_for_ssh,
    memory_is_bounded_and_cpu_is_not,
    temporary_folders_are_bounded,
    volumes_are_what_is_mounted,
    accounts_exist_and_have_no_token,
    no_variables_from_services,
    references_lead_somewhere,
    replicas_are_spread,
    disruptions_are_budgeted,
    pods_are_closed_by_default,
    one_scaler_for_a_target,
    jobs_run_what_deployments_run,
    everything_is_in_one_namespace,
)
