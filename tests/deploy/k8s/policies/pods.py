"""What a pod may touch outside of its containers."""

from collections.abc import Sequence

from tests.deploy.k8s.policies.rule import Complaints
from tests.deploy.k8s.rendering import Resource, of_kind, pods, selects


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
        if "serviceAccount" in pod.spec:
            yield f"{pod.name} names its account in a field that is no longer to be used"
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name} is given a token"


def no_variables_from_services(resources: Sequence[Resource]) -> Complaints:
    """Kubernetes would make variables named REDRESS_…, and they would be read as settings."""
    for pod in pods(resources):
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.name} has enableServiceLinks"


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
