"""Every query of the dashboards names metrics, labels and values that exist."""

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from deploy.grafana.ask.questions import PanelQuery, Questions, VariableQuery, all_questions
from tests.deploy.prometheus.rules import known_with_recorded, rules
from tests.support.known_metrics import CATALOGUE
from tests.support.queries import faults, faults_of_variable, labels_of, metrics_used

KNOWN = known_with_recorded()
ASKED = all_questions()


def wrong(asked: Questions) -> list[str]:
    found = [fault for query in asked.panels for fault in faults(query.expression, KNOWN)]
    for variable in asked.variables:
        found += faults_of_variable(f"label_values({variable.series}, {variable.label})", KNOWN)
    return found


def wrong_legends(asked: Questions) -> list[str]:
    """Queries whose legend names a label that their answer does not have."""
    found = []
    for query in asked.panels:
        named = {part.split("}}")[0] for part in query.legend.split("{{")[1:]}
        if not named <= labels_of(query.expression, KNOWN):
            found.append(f"{query.panel}: {query.legend}")
    return found


def looked_at_by_nobody(metrics: Iterable[str]) -> set[str]:
    """Metrics that no dashboard shows and no rule asks for."""
    used = metrics_used([query.expression for asked in ASKED for query in asked.panels])
    used |= metrics_used([rule["expr"] for rule in rules()])
    return set(metrics) - {KNOWN[name].metric for name in used}


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.uid)
def test_a_dashboard_asks_only_for_what_exists(asked: Questions) -> None:
    assert wrong(asked) == []


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.uid)
def test_a_legend_names_labels_that_its_query_keeps(asked: Questions) -> None:
    assert wrong_legends(asked) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ('max(timers_stuk{job=~"$job"})', "no metric timers_stuk; did you mean timers_stuck"),
        ('sum(actions_open{job=~"$job", overdu="true"})', "no label overdu"),
        ('sum(actions_open{job=~"$job", overdue="yes"})', "overdue of actions_open is never 'yes'"),
        ('sum by (owner) (actions_open{job=~"$job"})', "label owner"),
    ],
)
def test_a_planted_wrong_name_is_found(query: str, fault: str) -> None:
    planted = replace(ASKED[0], panels=(PanelQuery("planted", "A", query, "", instant=True),))
    assert fault in "\n".join(wrong(planted))


def test_a_planted_wrong_variable_is_found() -> None:
    planted = replace(ASKED[0], variables=(VariableQuery("job", "build_infos", "job", ""),))
    assert "no metric build_infos" in "\n".join(wrong(planted))


def test_a_planted_legend_of_a_lost_label_is_found() -> None:
    query = PanelQuery("planted", "A", 'sum by (job) (up{job=~"$job"})', "{{instance}}", instant=True)
    assert wrong_legends(replace(ASKED[0], panels=(query,))) == ["planted: {{instance}}"]


def test_every_metric_of_ours_is_shown_or_watched() -> None:
    own = {metric["name"] for metric in json.loads(CATALOGUE.read_text())["metrics"]}
    interpreters = {name for name in own if name.startswith(("process_", "python_"))}
    assert looked_at_by_nobody(own - interpreters) == set()


def test_a_metric_that_nobody_looks_at_is_found() -> None:
    assert looked_at_by_nobody({"timers_stuck", "never_asked_for_total"}) == {"never_asked_for_total"}
