"""Deployment files speak of settings, images and folders that exist."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

import capa.settings
import intake.settings
import notifier.settings
from chassis.settings import ServiceSettings, describe_settings
from events.catalogue import topics

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "intake": intake.settings.IntakeSettings,
    "capa": capa.settings.CapaSettings,
    "notifier": notifier.settings.Settings,
}
KNOWN = {
    name for settings in SETTINGS.values() for info in describe_settings(settings) for name in info.variables
}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def unknown(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("REDRESS_")} - KNOWN


def test_a_misspelt_setting_would_be_noticed() -> None:
    assert unknown({"REDRESS_INTAKE_DATABASE_ULR", "REDRESS_PEPPER", "OTHER"}) == {
        "REDRESS_INTAKE_DATABASE_ULR"
    }


def test_compose_names_only_settings_that_exist() -> None:
    names = {name for service in COMPOSE["services"].values() for name in service.get("environment", {})}
    assert unknown(names) == set()


def test_compose_publishes_ports_on_loopback_only() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_compose_pins_every_image() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    assert [image for image in images if not re.search(r":v?\d+\.\d+", image)] == []


def test_compose_makes_every_topic() -> None:
    script = COMPOSE["services"]["topics"]["command"][0]
    made = {f"{name}.dead" if "." in name.removeprefix("redress.") else name for name in words(script)}
    assert made == set(topics())


def words(script: str) -> set[str]:
    return {name for line in re.findall(r"for topic in ([^;]+);", script) for name in line.split()}


def test_compose_starts_services_after_their_migrations() -> None:
    for service in SETTINGS:
        for role in ("api", "worker"):
            waits = COMPOSE["services"][f"{service}-{role}"]["depends_on"]
            assert waits[f"{service}-migrate"]["condition"] == "service_completed_successfully"


def test_every_folder_that_the_image_copies_exists() -> None:
    dockerfile = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
    sources = [
        line.split()[1]
        for line in dockerfile.splitlines()
        if line.startswith("COPY ") and "--from" not in line
    ]
    for service in SETTINGS:
        missing = [
            source for source in sources if not (ROOT / source.replace("${SERVICE}", service)).exists()
        ]
        assert missing == []


def test_a_services_lock_pins_the_versions_of_the_workspace() -> None:
    whole = pins(ROOT / "requirements.lock")
    for service in SETTINGS:
        own = pins(ROOT / "services" / service / "requirements.lock")
        assert own.items() <= whole.items()
        assert "pytest" not in own


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(), re.MULTILINE))
