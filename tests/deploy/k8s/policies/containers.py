"""What a container may do, and what it is given."""

import re
from collections.abc import Sequence

from tests.deploy.k8s.policies.rule import Complaints, each_container, security
from tests.deploy.k8s.rendering import Resource, of_kind, pods

_SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|PEPPER|DATABASE_URL|API_?KEY$")
_SSH = 22
_SAFE_SYSCTLS = frozenset({"net.ipv4.ip_unprivileged_port_start"})


def images_are_pinned(resources: Sequence[Resource]) -> Complaints:
    """No image without a version, and none that is called latest."""
    for _, container, where in each_container(resources):
        tag = container["image"].rpartition("/")[2].partition(":")[2]
        if not re.match(r"v?\d+\.\d+", tag):
            yield f"{where}: the image {container['image']} has no version"


def secrets_come_by_reference(resources: Sequence[Resource]) -> Complaints:
    """No secret is a literal, in a variable, a config map or a manifest of its own."""
    for _, container, where in each_container(resources):
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
    for _, container, where in each_container(resources):
        names = [variable["name"] for variable in container.get("env", ())]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{where}: {name} is there twice"


def nobody_is_root(resources: Sequence[Resource]) -> Complaints:
    """A user by number, which the node can compare with 0."""
    for pod, container, where in each_container(resources):
        user = security(pod, container, "runAsUser")
        if security(pod, container, "runAsNonRoot") is not True or not isinstance(user, int) or user == 0:
            yield f"{where} may run as root"


def roots_are_read_only(resources: Sequence[Resource]) -> Complaints:
    """Only mounted folders can be written to."""
    for _, container, where in each_container(resources):
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            yield f"{where} can write to its image"


def no_privileges(resources: Sequence[Resource]) -> Complaints:
    """Not privileged, no more privileges later, no capability, no unmasked /proc."""
    for _, container, where in each_container(resources):
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
    for pod, container, where in each_container(resources):
        if (security(pod, container, "seccompProfile") or {}).get("type") != "RuntimeDefault":
            yield f"{where} may make any system call"
    for pod in pods(resources):
        for setting in pod.spec.get("securityContext", {}).get("sysctls", ()):
            if setting["name"] not in _SAFE_SYSCTLS:
                yield f"{pod.name} sets {setting['name']}"


def no_port_for_ssh(resources: Sequence[Resource]) -> Complaints:
    """Nobody logs in to a container."""
    for _, container, where in each_container(resources):
        if any(port["containerPort"] == _SSH for port in container.get("ports", ())):
            yield f"{where} opens port 22"


def memory_is_bounded_and_cpu_is_not(resources: Sequence[Resource]) -> Complaints:
    """Requests of both, a limit of memory, and none of CPU, which would only slow things while the node idles."""
    for _, container, where in each_container(resources):
        asked = container.get("resources", {})
        if missing := {"cpu", "memory"} - asked.get("requests", {}).keys():
            yield f"{where} requests no {' and no '.join(sorted(missing))}"
        if set(asked.get("limits", {})) != {"memory"}:
            yield f"{where} needs a limit of memory and none of CPU"
