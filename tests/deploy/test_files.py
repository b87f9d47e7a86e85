"""Deployment files speak of settings, images and folders that exist."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import capa.settings
import intake.settings
import notifier.settings
from chassis.settings import ServiceSettings, describe_settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "intake": intake.settings.IntakeSettings,
    "capa": capa.settings.CapaSettings,
    "notifier": notifier.settings.Settings,
}
KNOWN = {
    name for settings in SETTINGS.values() for info in describe_settings(settings) for name in info.variables
}


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((ROOT / "deploy" / "k8s").rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield str(path.relative_to(ROOT)), document


def workloads() -> list[tuple[str, dict[str, Any]]]:
    return [(path, found) for path, found in manifests() if found["kind"] in {"Deployment", "Job"}]


def unknown(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("REDRESS_")} - KNOWN


def test_a_misspelt_setting_would_be_noticed() -> None:
    assert unknown({"REDRESS_INTAKE_DATABASE_ULR", "REDRESS_PEPPER", "OTHER"}) == {
        "REDRESS_INTAKE_DATABASE_ULR"
    }


def test_manifests_name_only_settings_that_exist() -> None:
    names: set[str] = set()
    for _, found in manifests():
        for generator in found.get("configMapGenerator", []):
            names |= {literal.partition("=")[0] for literal in generator["literals"]}
    for _, found in workloads():
        for container in found["spec"]["template"]["spec"]["containers"]:
            names |= {variable["name"] for variable in container["env"]}
    assert names
    assert unknown(names) == set()


@pytest.mark.parametrize(
    ("path", "found"), workloads(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_pods_run_unprivileged_with_a_bound_on_memory(path: str, found: dict[str, Any]) -> None:
    pod = found["spec"]["template"]["spec"]
    container = pod["containers"][0]
    security = container["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"], path
    assert not pod["automountServiceAccountToken"]
    assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]


def test_secrets_come_by_reference_only() -> None:
    for path, found in workloads():
        for variable in found["spec"]["template"]["spec"]["containers"][0]["env"]:
            assert "secretKeyRef" in variable["valueFrom"], path


def test_a_services_lock_pins_the_versions_of_the_workspace() -> None:
    whole = pins(ROOT / "requirements.lock")
    for service in SETTINGS:
        own = pins(ROOT / "services" / service / "requirements.lock")
        assert own.items() <= whole.items()
        assert "pytest" not in own


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(), re.MULTILINE))
