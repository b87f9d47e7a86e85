"""What rules are made of."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.deploy.k8s.rendering import Pod, Resource, pods

Complaints = Iterator[str]
Rule = Callable[[Sequence[Resource]], Complaints]
"""Says what breaks it, one line each."""


def each_container(resources: Sequence[Resource]) -> Iterator[tuple[Pod, dict[str, Any], str]]:
    """Give each container with its pod and how to speak of it."""
    for pod in pods(resources):
        for container in pod.containers:
            yield pod, container, f"{pod.name}, container {container['name']}"


def security(pod: Pod, container: dict[str, Any], field: str) -> Any:
    """Give a field of the security context, the container's own before its pod's."""
    own = container.get("securityContext", {})
    return own.get(field, pod.spec.get("securityContext", {}).get(field))


def ports_of(pod: Pod) -> set[str | int]:
    """Name the ports of a pod, by name and by number."""
    listed = [port for container in pod.containers for port in container.get("ports", ())]
    return {port["name"] for port in listed} | {port["containerPort"] for port in listed}
