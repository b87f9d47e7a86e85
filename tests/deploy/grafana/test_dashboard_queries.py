"""Every query of the dashboards names metrics, labels and values that exist."""

import pytest

from deploy.grafana.ask.questions import Questions, all_questions
from tests.support.known_metrics import known_metrics
from tests.support.queries import faults, faults_of_variable, labels_of

KNOWN = known_metrics()
ASKED = all_questions()


def wrong(asked: Questions) -> list[str]:
    found = [fault for query in asked.panels for fault in faults(query.expression, KNOWN)]
    for variable in asked.variables:
        found += faults_of_variable(f"label_values({variable.series}, {variable.label})", KNOWN)
    return found


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.uid)
def test_a_dashboard_asks_only_for_what_exists(asked: Questions) -> None:
    assert wrong(asked) == []


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.uid)
def test_a_legend_names_labels_that_its_query_keeps(asked: Questions) -> None:
    for query in asked.panels:
        named = {part.split("}}")[0] for part in query.legend.split("{{")[1:]}
        assert named <= labels_of(query.expression, KNOWN), f"{query.panel}: {query.legend}"
