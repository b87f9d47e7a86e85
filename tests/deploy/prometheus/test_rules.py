"""The rules are right as they stand: queries, labels, links, severities."""

import re

import pytest

from tests.deploy.prometheus.rules import RULES, RUNBOOKS, Alert, alerts, known_with_recorded, rules
from tests.support.known_metrics import KnownMetrics, known_metrics
from tests.support.outside_tools import need_tool, run_tool
from tests.support.queries import faults, labels_of

SEVERITIES = {"page", "ticket", "none"}
TEAMS = {"operations", "quality"}
SAME_IN_ALL = (
    "auditor_",
    "bulk_import_progress",
    "complaints_unindexed",
    "consumer_committed",
    "consumer_lag",
    "consumer_parked",
    "database_oldest",
    "delivery_oldest",
    "endpoint_disabled",
    "outbox_oldest",
    "outbox_pending",
    "outbox_set_aside",
    "timer_oldest",
    "timers_",
)
ALERTS = alerts()

every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: "-".join(alert.id))


@pytest.fixture(scope="module", name="known")
def fixture_known() -> KnownMetrics:
    return known_with_recorded()


def test_promtool_takes_every_rule_and_finds_no_duplicate() -> None:
    promtool = need_tool("promtool", "prometheus")
    code, said = run_tool(promtool, "check", "rules", "--lint-fatal", *sorted(RULES.glob("*.yml")))
    assert code == 0, said


def test_every_query_names_what_exists(known: KnownMetrics) -> None:
    wrong = [fault for rule in rules() for fault in faults(rule["expr"], known)]
    assert wrong == []


@every_alert
def test_an_alert_says_who_must_act_how_fast_and_what_it_means(alert: Alert) -> None:
    assert alert.severity in SEVERITIES
    assert alert.rule["labels"]["team"] in TEAMS
    annotations = alert.rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["summary"].endswith(".")
    assert len(annotations["description"]) > 60


@every_alert
def test_an_alert_links_to_a_runbook_of_its_own_name(alert: Alert) -> None:
    url = alert.rule["annotations"]["runbook_url"]
    base = "{{ if $externalLabels.runbooks }}{{ $externalLabels.runbooks }}{{ else }}docs/runbooks{{ end }}"
    assert url == f"{base}/{alert.page}.md"
    assert (RUNBOOKS / f"{alert.page}.md").is_file()


@every_alert
def test_what_an_alert_says_uses_only_labels_that_it_has(alert: Alert, known: KnownMetrics) -> None:
    has = labels_of(alert.rule["expr"], known) | set(alert.rule["labels"])
    said = " ".join(alert.rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", said)) <= has


@every_alert
def test_no_alert_takes_replicas_of_a_database_gauge_for_several_things(alert: Alert) -> None:
    same_in_all = {name for name in known_metrics().names() if name.startswith(SAME_IN_ALL)}
    for name in same_in_all & set(re.findall(r"\b[a-z_]+\b", alert.rule["expr"])):
        if name.endswith(("_total", "_bucket", "_count", "_sum")):
            continue
        assert "max by" in alert.rule["expr"], name
        assert "sum by" not in alert.rule["expr"], name


def test_each_alert_has_one_rule_for_a_severity() -> None:
    ids = [alert.id for alert in ALERTS]
    assert sorted(ids) == sorted(set(ids))
