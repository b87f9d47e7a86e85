"""docker-compose.yml fits the specification, and what surrounds it fits the file."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

import capa.__main__
import chassis.keys
import intake.__main__
import notifier.__main__
from chassis.settings import ServiceSettings, load_settings
from tests.deploy.compose.document import (
    FILE,
    ROOT,
    SERVICES,
    Compose,
    example_variables,
    read_compose,
    service_of,
    used_variables,
)
from tests.deploy.compose.rules import SETTINGS, containers
from tests.deploy.images.dockerfile import read_stages
from tests.support.outside_tools import need_tool

DCLINT = "dclint@3.1.0"
# The order of keys and services is that in which a person reads them.
DCLINT_WITHOUT = ("service-keys-order", "services-alphabetical-order", "top-level-properties-order")
PARSERS = {"intake": intake.__main__, "capa": capa.__main__, "notifier": notifier.__main__}
METRICS_PORT = ServiceSettings.model_fields["metrics_port"].default
API_PORT = ServiceSettings.model_fields["api_port"].default


def specified(compose: Compose) -> None:
    PyCompose.from_yaml(yaml.safe_dump(compose))


def test_the_file_fits_the_specification() -> None:
    specified(read_compose())


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("healthchek", {"test": ["CMD", "true"]}),
        ("depends_on", {"postgres": {"condition": "service_ready"}}),
        ("stop_grace_period", "half a minute"),
    ],
)
def test_what_does_not_fit_the_specification_is_found(key: str, wrong: object) -> None:
    compose = read_compose()
    compose["services"]["mail"][key] = wrong
    with pytest.raises(ValueError, match="mail"):
        specified(compose)


def test_the_file_is_well_formed_yaml() -> None:
    rules = "{extends: default, rules: {line-length: {max: 130}, document-start: disable, comments: {min-spaces-from-content: 1}}}"
    outcome = subprocess.run(
        [ROOT / ".venv/bin/yamllint", "--strict", "-d", rules, FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_dclint_finds_nothing() -> None:
    npx = need_tool("npx", "npm")
    options = [part for rule in DCLINT_WITHOUT for part in ("--disable-rule", rule)]
    outcome = subprocess.run(
        [npx, "--yes", DCLINT, FILE, "--max-warnings", "0", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_example_of_env_names_every_variable_that_the_file_takes_and_no_other() -> None:
    assert example_variables().keys() - {"COMPOSE_PROFILES"} == used_variables()


def test_the_example_of_env_changes_no_default_and_asks_for_every_profile_but_the_tools() -> None:
    example = example_variables()
    shown = {name: text for name, text in example.items() if "example.org" not in text and "SMTP" not in name}
    profiles = {
        profile for _, container in containers(read_compose()) for profile in container.get("profiles", [])
    }
    assert read_compose(shown) == read_compose()
    assert {*example["COMPOSE_PROFILES"].split(","), "tools"} == profiles


def test_every_command_of_ours_is_one_that_its_program_has() -> None:
    asked = set()
    for name, container in containers(read_compose()):
        own = service_of(container["image"].removeprefix("redress-").replace(":", "-"))
        if own is None:
            continue
        parser = chassis.keys._parser() if "entrypoint" in container else PARSERS[own]._parser()
        parser.parse_args(container["command"])
        asked.add((name, *container["command"][:1]))
    assert {
        (f"{service}-{role}", role) for service in SERVICES for role in ("api", "worker", "migrate")
    } <= asked
    with pytest.raises(SystemExit):
        PARSERS["capa"]._parser().parse_args(["wroker"])


def test_images_are_built_with_the_service_that_they_are_named_after_and_its_version() -> None:
    for name, container in containers(read_compose()):
        if "build" in container:
            service = container["build"]["args"]["SERVICE"]
            assert container["image"] == f"redress-{service}:{version(service)}", name
            assert (ROOT / container["build"]["dockerfile"]).exists()
            assert service_of(name) in {service, None}


def version(service: str) -> str:
    import tomllib

    text = (ROOT / "services" / service / "pyproject.toml").read_text()
    return str(tomllib.loads(text)["project"]["version"])


@pytest.mark.parametrize("name", [f"{service}-{role}" for service in SERVICES for role in ("api", "worker")])
def test_a_process_finds_all_its_settings_in_image_file_and_secrets(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service, container = name.split("-", maxsplit=1)[0], read_compose()["services"][name]
    secrets, given = tmp_path / "made", tmp_path / "secrets"
    subprocess.run([ROOT / "deploy/docker/secrets.sh", secrets], check=True, capture_output=True)
    given.mkdir()
    for secret in container["secrets"]:
        shutil.copy(secrets / secret, given)
    for variable in list(os.environ):
        if variable.startswith("REDRESS_"):
            monkeypatch.delenv(variable)
    image = read_stages({"SERVICE": service})[-1].environment
    for variable, text in {**image, **container["environment"], "REDRESS_SECRETS_DIR": str(given)}.items():
        monkeypatch.setenv(variable, str(text))
    settings = load_settings(SETTINGS[service])
    url = settings.database_url.get_secret_value()
    assert url.startswith(f"postgresql://redress_{service}:")
    assert url.endswith(f"@postgres:5432/redress_{service}")
    assert len(settings.pepper.get_secret_value()) >= 32
    assert (settings.transport, settings.kafka_bootstrap_servers) == ("kafka", "kafka:19092")
    assert (settings.api_host, settings.metrics_host) == ("0.0.0.0", "0.0.0.0")  # noqa: S104 - inside the container
    assert (settings.api_port, settings.metrics_port) == (API_PORT, METRICS_PORT)
    assert f"{settings.keys_file.parent}" in [volume.split(":")[1] for volume in container["volumes"]]


def test_probes_ask_the_ports_that_the_services_listen_on() -> None:
    for name, container in containers(read_compose()):
        if service_of(name) and "healthcheck" in container:
            port, path = (API_PORT, "ready") if name.endswith("-api") else (METRICS_PORT, "live")
            assert f"http://127.0.0.1:{port}/health/{path}" in container["healthcheck"]["test"][-1], name
            assert all(published.endswith(f":{API_PORT}") for published in container.get("ports", []))


def test_prometheus_scrapes_every_process_and_nothing_that_is_not_there() -> None:
    services = read_compose()["services"]
    others = {
        "prometheus": 9090,
        "alertmanager": 9093,
        "grafana": 3000,
        "postgres-exporter": 9187,
        "kafka-exporter": 9308,
    }
    processes = {f"{service}-{role}": METRICS_PORT for service in SERVICES for role in ("api", "worker")}
    assert scraped() <= {
        f"{name}:{port}" for name, port in {**processes, **others}.items() if name in services
    } | {f"localhost:{others['prometheus']}"}
    assert {f"{name}:{port}" for name, port in processes.items()} <= scraped()


def test_files_that_the_alertmanager_reads_are_mounted_where_it_looks() -> None:
    text = (ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
    container = read_compose()["services"]["alertmanager"]
    wanted = set(re.findall(r"/etc/alertmanager/secrets/[a-z-]+", text))
    assert wanted == {secret["target"] for secret in container["secrets"]}


def test_grafana_finds_its_source_of_data_its_dashboards_and_every_variable() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    text = "\n".join(file.read_text() for file in folder.rglob("*.yaml"))
    container = read_compose()["services"]["grafana"]
    assert set(re.findall(r"url: (\S+)", text)) == {"http://prometheus:9090"}
    paths = set(re.findall(r"path: (\S+)", text))
    assert paths
    assert paths <= {volume.split(":")[1] for volume in container["volumes"]}
    assert set(re.findall(r"\$\{?([A-Z][A-Z_]+)", text)) <= container["environment"].keys()


def scraped() -> set[str]:
    document = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    return {
        target
        for job in document["scrape_configs"]
        for group in job.get("static_configs", [])
        for target in group["targets"]
    }
