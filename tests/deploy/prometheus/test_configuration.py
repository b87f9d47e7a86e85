"""Prometheus scrapes what runs, and its configuration is taken."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus.rules import PROMETHEUS, ROOT
from tests.support.outside_tools import need_tool, run_tool

FILES = ("prometheus.yml", "prometheus.local.yml")
SERVICES = {"intake", "capa", "notifier"}


def targets(file: str) -> dict[str, dict[str, str]]:
    """The role of each address, by job."""
    found: dict[str, dict[str, str]] = {}
    for scrape in yaml.safe_load((PROMETHEUS / file).read_text())["scrape_configs"]:
        for group in scrape["static_configs"]:
            for address in group["targets"]:
                found.setdefault(scrape["job_name"], {})[address] = group.get("labels", {}).get("role", "")
    return found


@pytest.mark.parametrize("file", FILES)
def test_promtool_takes_the_configuration(file: str) -> None:
    promtool = need_tool("promtool", "prometheus")
    code, said = run_tool(promtool, "check", "config", PROMETHEUS / file)
    assert code == 0, said
    assert f"{len(list((PROMETHEUS / 'rules').glob('*.yml')))} rule files found" in said


def test_promtool_refuses_a_planted_mistake(tmp_path: Path) -> None:
    promtool = need_tool("promtool", "prometheus")
    planted = tmp_path / "prometheus.yml"
    planted.write_text(
        (PROMETHEUS / "prometheus.yml").read_text().replace("scrape_interval", "scrape_intervall")
    )
    code, said = run_tool(promtool, "check", "config", planted)
    assert code != 0
    assert "scrape_intervall" in said


@pytest.mark.parametrize("file", FILES)
def test_each_service_is_a_job_with_every_role_of_it(file: str) -> None:
    roles = {job: set(of.values()) for job, of in targets(file).items() if job in SERVICES}
    expected = {"all"} if "local" in file else {"api", "worker"}
    assert roles == dict.fromkeys(SERVICES, expected)


def test_every_process_of_the_compose_file_is_scraped_on_its_metrics_port() -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    processes = {
        f"{name}:9000"
        for name, service in services.items()
        if service.get("command") in (["api"], ["worker"])
    }
    assert len(processes) == 6
    scraped = {address for job, of in targets("prometheus.yml").items() if job in SERVICES for address in of}
    assert scraped == processes


def test_the_single_machine_is_scraped_where_make_run_serves_its_metrics() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "9001, 9002, 9003 | [metrics](docs/metrics.md)" in readme
    scraped = {job: list(of) for job, of in targets("prometheus.local.yml").items() if job in SERVICES}
    assert scraped == {
        "intake": ["127.0.0.1:9001"],
        "capa": ["127.0.0.1:9002"],
        "notifier": ["127.0.0.1:9003"],
    }


@pytest.mark.parametrize("file", FILES)
def test_no_alert_carries_the_address_of_the_runbooks_as_a_label(file: str) -> None:
    config = yaml.safe_load((PROMETHEUS / file).read_text())
    assert "runbooks" in config["global"]["external_labels"]
    assert config["alerting"]["alert_relabel_configs"] == [{"regex": "runbooks", "action": "labeldrop"}]
