"""Every committed dashboard keeps the rules; each rule is seen to find what breaks it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.ask.questions import DASHBOARDS
from tests.support.dashboard_rules import RULES, faults, missing_runbooks, panels

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
COMMITTED = {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.rglob("*.json"))}


@pytest.mark.parametrize("uid", COMMITTED)
def test_a_dashboard_keeps_every_rule(uid: str) -> None:
    assert faults(COMMITTED[uid]) == []


@pytest.mark.parametrize("uid", COMMITTED)
def test_every_panel_links_to_a_runbook_page_that_exists(uid: str) -> None:
    assert missing_runbooks(COMMITTED[uid], RUNBOOKS) == []


def test_every_dashboard_has_an_address_of_its_own() -> None:
    assert [dashboard["uid"] for dashboard in COMMITTED.values()] == list(COMMITTED)


def planted(change: Callable[[Any, Any], None]) -> dict[str, Any]:
    dashboard: dict[str, Any] = copy.deepcopy(COMMITTED["redress-intake"])
    change(dashboard, next(panels(dashboard)))
    return dashboard


def query(text: str) -> Callable[[Any, Any], None]:
    def change(_: Any, panel: Any) -> None:
        panel["targets"][0]["expr"] = text

    return change


DEFECTS: dict[str, Callable[[Any, Any], None]] = {
    "templated data source": lambda _, panel: panel["targets"][0].update(datasource={"uid": "abc"}),
    "job matcher": query("rate(complaints_received_total{}[$__rate_interval])"),
    "title and description": lambda _, panel: panel.pop("description"),
    "valid unit": lambda _, panel: panel["fieldConfig"]["defaults"].update(unit="complaints"),
    "at least one target": lambda _, panel: panel.update(targets=[]),
    "valid PromQL": query('rate(build_info{job=~"$job"})'),
    "rate interval": query('rate(complaints_received_total{job=~"$job"}[5m])'),
    "counters in a rate": query('sum(complaints_received_total{job=~"$job"})'),
    "not editable, fixed uid": lambda dashboard, _: dashboard.update(editable=True),
    "known variables": query('build_info{job=~"$job", instance="$pod"}'),
    "layout": lambda _, panel: panel["gridPos"].update(w=24),
}


def test_every_rule_has_a_planted_defect() -> None:
    assert DEFECTS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_what_breaks_it(rule: str) -> None:
    assert list(RULES[rule](planted(DEFECTS[rule])))


def test_a_runbook_that_does_not_exist_is_found() -> None:
    broken = planted(lambda _, panel: panel["links"][0].update(url="${runbooks}/no-such-page.md"))
    unlinked = planted(lambda _, panel: panel.update(links=[]))
    assert missing_runbooks(broken, RUNBOOKS)
    assert missing_runbooks(unlinked, RUNBOOKS)
