"""Alertmanager tells whom it should, tells nobody twice of one trouble, and holds no secret."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus.rules import ALERTMANAGER, alerts
from tests.support.outside_tools import need_tool, run_tool

CONFIG: dict[str, Any] = yaml.safe_load(ALERTMANAGER.read_text())
RECEIVERS = {
    ("page", "operations"): "operations-pager",
    ("page", "quality"): "quality-pager",
    ("ticket", "operations"): "operations-tickets",
    ("ticket", "quality"): "quality-tickets",
    ("none", "operations"): "nobody",
    # Somebody must see what nobody has thought of.
    ("page", "unknown"): "operations-pager",
    ("ticket", "unknown"): "operations-tickets",
    ("unknown", "unknown"): "operations-tickets",
}


@pytest.fixture(scope="module", name="amtool")
def fixture_amtool() -> str:
    return need_tool("amtool", "prometheus-alertmanager")


def routed(amtool: str, file: Path, **labels: str) -> str:
    """The receiver of an alert with these labels."""
    named = [f"{name}={value}" for name, value in labels.items()]
    code, said = run_tool(amtool, "config", "routes", "test", f"--config.file={file}", *named)
    assert code == 0, said
    # A warning may follow.
    return said.splitlines()[0]


def test_amtool_takes_the_configuration(amtool: str) -> None:
    code, said = run_tool(amtool, "check-config", ALERTMANAGER)
    assert code == 0, said
    assert "1 templates" in said


def test_amtool_refuses_a_planted_receiver_that_does_not_exist(amtool: str, tmp_path: Path) -> None:
    planted = tmp_path / "alertmanager.yml"
    planted.write_text(
        ALERTMANAGER.read_text().replace("receiver: quality-pager", "receiver: quality-pagers")
    )
    code, said = run_tool(amtool, "check-config", planted)
    assert code != 0
    assert "quality-pagers" in said


@pytest.mark.parametrize(("severity", "team"), RECEIVERS)
def test_every_severity_of_every_team_reaches_its_receiver(amtool: str, severity: str, team: str) -> None:
    found = routed(amtool, ALERTMANAGER, alertname="Something", severity=severity, team=team)
    assert found == RECEIVERS[severity, team]


def test_the_watchdog_goes_to_the_heartbeat_alone(amtool: str) -> None:
    labels = {"alertname": "Watchdog", "severity": "none", "team": "operations"}
    assert routed(amtool, ALERTMANAGER, **labels) == "heartbeat"


def test_every_alert_has_a_severity_and_team_that_are_routed() -> None:
    used = {(alert.severity, alert.rule["labels"]["team"]) for alert in alerts()}
    assert used <= set(RECEIVERS)


def test_what_is_held_back_by_another_alert_is_named_rightly() -> None:
    known = {alert.name for alert in alerts()}
    named = set()
    for rule in CONFIG["inhibit_rules"]:
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            if matcher.startswith("alertname"):
                named |= set(re.findall(r"\w+", matcher.partition("=")[2]))
    assert named
    assert named <= known


def test_every_secret_is_a_file_that_is_read_when_it_is_needed() -> None:
    text = ALERTMANAGER.read_text()
    keys = re.findall(r"(\w*(?:key|token|password|secret|credentials)\w*):", text)
    assert keys != []
    assert [key for key in keys if not key.endswith("_file")] == []
    assert not re.search(r"https?://[^/\s]*@", text)
