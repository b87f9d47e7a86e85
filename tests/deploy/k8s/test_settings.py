"""What a pod is told are settings that exist, that fit together, and whose files are mounted."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import capa.settings
import intake.settings
import notifier.settings
from capa.settings import read_policy
from chassis.settings import PREFIX, ServiceSettings, describe_settings, load_settings
from tests.deploy.k8s.rendering import (
    FOLDERS,
    ROOT,
    SERVICES,
    Pod,
    Resource,
    environment,
    mounts,
    named,
    of_kind,
    redress_pods,
    render,
)

SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "intake": intake.settings.IntakeSettings,
    "capa": capa.settings.CapaSettings,
    "notifier": notifier.settings.Settings,
}
SECRETS = {
    "key": "a key of the tests, long enough",
    "database-url": "postgresql://somebody@127.0.0.1/anything",
    "pepper": "0123456789abcdef0123456789abcdef",
}
IMAGE_CONFIG = Path("/config")
"""Where an image keeps its policies, and config maps are mounted over them."""


def service_of(pod: Pod) -> str:
    return pod.labels["app.kubernetes.io/name"]


def known(service: str) -> set[str]:
    return {name for info in describe_settings(SETTINGS[service]) for name in info.variables}


def misspelt(pod: Pod, resources: list[Resource]) -> set[str]:
    return environment(pod, resources).keys() - known(service_of(pod))


def settings_of(pod: Pod, resources: list[Resource], monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    """Read the settings as the pod would, with something in place of each secret."""
    for name, value in environment(pod, resources).items():
        secret = value.startswith("secret:")
        monkeypatch.setenv(name, SECRETS[value.rpartition("/")[2]] if secret else value)
    return load_settings(SETTINGS[service_of(pod)])


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_pods_variables_are_settings_of_its_service(folder: str) -> None:
    resources = render(folder)
    assert {
        pod.name: misspelt(pod, resources) for pod in redress_pods(resources) if misspelt(pod, resources)
    } == {}


def test_a_misspelt_variable_would_be_noticed() -> None:
    resources = render("base")
    pod = redress_pods(resources)[0]
    pod.spec["containers"][0]["env"][0]["name"] = "REDRESS_DATABASE_ULR"
    assert misspelt(pod, resources) == {"REDRESS_DATABASE_ULR"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_pods_settings_are_valid_and_fit_together(folder: str) -> None:
    resources = render(folder)
    for pod in redress_pods(resources):
        with pytest.MonkeyPatch.context() as monkeypatch:
            settings = settings_of(pod, resources, monkeypatch)
        embedded = folder == "overlays/local"
        assert settings.transport == ("embedded" if embedded else "kafka")
        carries = pod.labels["app.kubernetes.io/component"] in {"worker", "migrate"}
        assert (settings.log_database_url is not None) == (embedded and carries)
        assert (settings.api_host, settings.metrics_host) == ("0.0.0.0", "0.0.0.0")  # noqa: S104  (a pod of its own)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_service_reads_its_own_database_and_only_an_api_the_keys(folder: str) -> None:
    resources = render(folder)
    for pod in redress_pods(resources):
        values = environment(pod, resources)
        assert values["REDRESS_DATABASE_URL"] == f"secret:redress-{service_of(pod)}/database-url"
        secrets = {volume["secret"]["secretName"] for _, volume in mounts(pod) if "secret" in volume}
        is_api = pod.labels["app.kubernetes.io/component"] == "api"
        assert ("REDRESS_PEPPER" in values, "redress-keys" in secrets) == (is_api, is_api)


def missing_files(pod: Pod, resources: list[Resource]) -> list[str]:
    """Name the settings whose file no volume brings."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        settings = settings_of(pod, resources, monkeypatch)
    paths = {name: value for name, value in settings if isinstance(value, Path) and name != "config_dir"}
    if pod.labels["app.kubernetes.io/component"] != "worker":
        paths = {name: path for name, path in paths.items() if not name.startswith("kafka_")}
    if pod.labels["app.kubernetes.io/component"] != "api":
        paths.pop("keys_file", None)
    if pod.owner["kind"] == "Job":
        paths = {}
    there = {Path(mount) / name for mount, volume in mounts(pod) for name in files_of(volume, resources)}
    return [f"{name}: {path}" for name, path in paths.items() if path not in there]


def files_of(volume: Mapping[str, Any], resources: list[Resource]) -> set[str]:
    if "configMap" in volume:
        return set(named(resources, "ConfigMap", volume["configMap"]["name"])["data"])
    return {item["path"] for item in volume.get("secret", {}).get("items", ())}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_that_a_setting_names_is_mounted(folder: str) -> None:
    resources = render(folder)
    assert {
        pod.name: missing_files(pod, resources)
        for pod in redress_pods(resources)
        if missing_files(pod, resources)
    } == {}


def test_a_file_that_is_not_mounted_would_be_noticed() -> None:
    resources = render("overlays/production")
    worker = next(pod for pod in redress_pods(resources) if pod.name == "Deployment/capa-worker")
    for mount in worker.spec["containers"][0]["volumeMounts"]:
        mount["mountPath"] = (
            mount["mountPath"].replace("/kafka/user", "/kafka/users").replace("/policy", "/policies")
        )
    assert sorted(line.partition(":")[0] for line in missing_files(worker, resources)) == [
        "case_policy",
        "kafka_certificate_file",
        "kafka_key_file",
        "signal_policy",
        "triage_policy",
    ]


def test_config_maps_hold_the_policies_that_are_in_config() -> None:
    maps = of_kind(render("base"), "ConfigMap")
    held = {name: text for found in maps for name, text in found["data"].items() if name.endswith(".toml")}
    policies = {path for path in (ROOT / "config").rglob("*.toml") if ".demo." not in path.name}
    assert held == {path.name: path.read_text() for path in policies}


def test_a_mounted_policy_finds_its_calendar(tmp_path: Path) -> None:
    """capa's policy lies elsewhere than its calendars, which are read from the configuration folder."""
    resources = render("base")
    worker = next(pod for pod in redress_pods(resources) if pod.name == "Deployment/capa-worker")
    folders = {}
    for mount, volume in mounts(worker):
        folders[mount] = tmp_path / mount.lstrip("/")
        folders[mount].mkdir(parents=True)
        for name in files_of(volume, resources):
            (folders[mount] / name).write_text(
                named(resources, "ConfigMap", volume["configMap"]["name"])["data"][name]
            )
    policy = read_policy(folders["/policy"] / "triage.toml", folders[str(IMAGE_CONFIG / "calendars")])
    assert policy.version == tomllib.loads((ROOT / "config" / "triage.toml").read_text())["version"]


def test_images_are_those_of_compose() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for folder in ("base", "overlays/local"):
        for pod in redress_pods(render(folder)):
            role = f"{service_of(pod)}-{pod.labels['app.kubernetes.io/component']}"
            assert pod.spec["containers"][0]["image"] == compose[role]["image"]
    local = render("overlays/local")
    for mine, theirs in (("StatefulSet/postgres", "postgres"), ("Deployment/mail", "mail")):
        container = named(local, *mine.split("/"))["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == compose[theirs]["image"]


def test_postgresql_is_of_the_one_major_version_that_redress_is_tested_with() -> None:
    local = named(render("overlays/local"), "StatefulSet", "postgres")["spec"]["template"]["spec"][
        "containers"
    ][0]
    cluster = named(render("overlays/production"), "Cluster", "redress-postgres")["spec"]
    majors = {image.rpartition(":")[2].partition(".")[0] for image in (local["image"], cluster["imageName"])}
    assert majors == {"18"}


def test_each_service_has_an_api_a_worker_and_a_migration() -> None:
    for folder in FOLDERS:
        found = sorted(
            (pod.owner["kind"], pod.owner["metadata"]["name"], pod.spec["containers"][0]["args"])
            for pod in redress_pods(render(folder))
        )
        wanted = [
            (kind, f"{service}-{role}", [role])
            for service in SERVICES
            for kind, role in (("Deployment", "api"), ("Deployment", "worker"), ("Job", "migrate"))
        ]
        assert found == sorted(wanted)


def test_no_variable_is_read_that_kubernetes_makes_by_itself() -> None:
    """A service named redress-… would make such variables in every pod of its namespace that has them on."""
    services = {
        found["metadata"]["name"] for folder in FOLDERS for found in of_kind(render(folder), "Service")
    }
    assert [name for name in services if f"{name.upper()}_".startswith(PREFIX)] == []
