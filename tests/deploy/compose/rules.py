"""What must hold for docker-compose.yml: each rule gives its findings, so that a planted mistake can show that it finds."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from compose_spec import parse_duration

import capa.settings
import intake.settings
import notifier.settings
from chassis.settings import ServiceSettings, describe_settings
from tests.deploy.compose.document import ROOT, SERVICES, Compose, service_of

Rule = Callable[[Compose], Iterator[str]]

SETTINGS: Final[Mapping[str, type[ServiceSettings]]] = {
    "intake": intake.settings.IntakeSettings,
    "capa": capa.settings.CapaSettings,
    "notifier": notifier.settings.Settings,
}
WRITES_ITS_ROOT: Final = {"kafka"}
"""Its start script writes the configuration beside the program."""

CLOSING_SECONDS: Final = 15
"""What a process may need after its drain: a cancelled loop, the producer, the pool."""


def containers(compose: Compose) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from compose["services"].items()


def runs_once(container: Mapping[str, Any]) -> bool:
    return bool(container["restart"] == "no")


def source(entry: Any) -> str:
    """What a container's network, secret or volume is called where it is declared, in either way of writing."""
    return str(entry["source"] if isinstance(entry, dict) else entry).split(":")[0]


def images_are_pinned(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        if not re.search(r":v?\d+\.\d+(\.\d+)?$", container["image"]):
            yield f"{name}: {container['image']}"


def ports_are_on_loopback(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        for port in container.get("ports", []):
            if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", str(port)):
                yield f"{name}: {port}"


def what_goes_on_is_asked_for_its_health(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        check = container.get("healthcheck", {})
        wanted = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
        if not runs_once(container) and (missing := wanted - check.keys()):
            yield f"{name}: {sorted(missing)}"


def variables_are_settings_of_their_service(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        variables = {each for each in container.get("environment", {}) if each.startswith("REDRESS_")}
        image = service_of(container["image"].removeprefix("redress-").replace(":", "-"))
        known = (
            {each for info in describe_settings(SETTINGS[image]) for each in info.variables}
            if image
            else set()
        )
        for variable in sorted(variables - known):
            yield f"{name}: {variable}"


def secrets_are_files(compose: Compose) -> Iterator[str]:
    secret = {
        each
        for settings in SETTINGS.values()
        for info in describe_settings(settings)
        if info.secret
        for each in info.variables
    }
    for name, container in containers(compose):
        for variable in container.get("environment", {}):
            word = variable.endswith(("PASSWORD", "_PASS", "DATA_SOURCE_NAME"))
            if variable in secret or word:
                yield f"{name}: {variable}"


def a_service_gets_its_own_secrets_alone(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        own = service_of(container["image"].removeprefix("redress-").replace(":", "-"))
        if own is None:
            continue
        known = {
            each.lower()
            for info in describe_settings(SETTINGS[own])
            if info.secret
            for each in info.variables
        }
        for secret in map(source, container.get("secrets", [])):
            if secret not in known:
                yield f"{name}: {secret}"


def what_is_named_is_declared(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        for kind in ("networks", "secrets"):
            for each in map(source, container.get(kind, [])):
                if each not in compose[kind]:
                    yield f"{name}: {kind}: {each}"
        for volume in map(source, container.get("volumes", [])):
            if volume.startswith("./"):
                if not (ROOT / volume).exists():
                    yield f"{name}: {volume} does not exist"
            elif volume not in compose["volumes"]:
                yield f"{name}: volumes: {volume}"


def what_is_declared_is_used(compose: Compose) -> Iterator[str]:
    for kind in ("networks", "secrets", "volumes"):
        used = {source(each) for _, container in containers(compose) for each in container.get(kind, [])}
        for each in compose[kind].keys() - used:
            yield f"{kind}: {each}"


def waits_fit_what_is_waited_for(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        for other, how in container.get("depends_on", {}).items():
            found = compose["services"].get(other)
            if found is None:
                yield f"{name}: there is no {other}"
                continue
            fitting = "service_completed_successfully" if runs_once(found) else "service_healthy"
            if how["condition"] != fitting:
                yield f"{name}: {other}: {how['condition']}"
            if set(found.get("profiles", [])) - set(container.get("profiles", [])) and how.get(
                "required", True
            ):
                yield f"{name}: {other} is in a profile that {name} is not in"


def nothing_waits_for_itself(compose: Compose) -> Iterator[str]:
    for name, _ in containers(compose):
        if name in before(compose, name):
            yield name


def processes_wait_for_all_that_they_need(compose: Compose) -> Iterator[str]:
    for service in SERVICES:
        for role, needs in (
            ("api", {"postgres", f"{service}-migrate"}),
            ("worker", {"postgres", "kafka", "topics", f"{service}-migrate"}),
            ("migrate", {"postgres"}),
        ):
            if missing := needs - before(compose, f"{service}-{role}"):
                yield f"{service}-{role}: {sorted(missing)}"


def before(compose: Compose, name: str) -> set[str]:
    """All that has to be up or done before a container starts."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in compose["services"].get(waiting.pop(), {}).get("depends_on", {}):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def containers_are_confined(compose: Compose) -> Iterator[str]:
    for name, container in containers(compose):
        limits = container.get("deploy", {}).get("resources", {}).get("limits", {})
        held = {
            "read_only": container.get("read_only") is True or name in WRITES_ITS_ROOT,
            "cap_drop": container.get("cap_drop") == ["ALL"] and not container.get("cap_add"),
            "no-new-privileges": "no-new-privileges:true" in container.get("security_opt", []),
            "privileged": not container.get("privileged"),
            "memory": "memory" in limits,
            "pids": "pids" in limits,
            "log rotation": {"max-size", "max-file"}
            <= container.get("logging", {}).get("options", {}).keys(),
            "user": not str(container.get("user", "1")).startswith(("0", "root")),
        }
        for rule, holds in held.items():
            if not holds:
                yield f"{name}: {rule}"


def services_have_time_to_stop(compose: Compose) -> Iterator[str]:
    drain = ServiceSettings.model_fields["stop_timeout_seconds"].default
    for name, container in containers(compose):
        if service_of(name) is None:
            continue
        grace = parse_duration(container.get("stop_grace_period", "10s"))
        if grace < drain + CLOSING_SECONDS:
            yield f"{name}: {grace:g} s"


RULES: Final[tuple[Rule, ...]] = (
    images_are_pinned,
    ports_are_on_loopback,
    what_goes_on_is_asked_for_its_health,
    variables_are_settings_of_their_service,
    secrets_are_files,
    a_service_gets_its_own_secrets_alone,
    what_is_named_is_declared,
    what_is_declared_is_used,
    waits_fit_what_is_waited_for,
    nothing_waits_for_itself,
    processes_wait_for_all_that_they_need,
    containers_are_confined,
    services_have_time_to_stop,
)
