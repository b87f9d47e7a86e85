"""Asking without Grafana fills in what Grafana would, and says plainly what came back."""

import math

import pytest

from deploy.grafana.ask.__main__ import tell
from deploy.grafana.ask.prometheus import Answer, Series, Window, filled
from deploy.grafana.ask.questions import PanelQuery, Questions, VariableQuery, all_questions, questions
from deploy.grafana.ask.report import Answered, as_markdown

QUERY = PanelQuery("Open actions", "A", 'sum(actions_open{job=~"$job"})', "{{team}}", instant=True)
NOTHING = float("nan")


def found(answer: Answer) -> Answered:
    asked = Questions("redress-capa", "Redress capa", (), (QUERY,))
    return Answered(asked, {VariableQuery("job", "build_info", "job", ""): ["capa"]}, {QUERY: answer})


def test_the_rate_interval_covers_four_scrapes_and_never_less_than_a_step_and_one() -> None:
    fine, coarse = Window(0, 600, 15, 15), Window(0, 600, 120, 15)
    assert fine.macros() == {"__rate_interval": "60s", "__interval": "15s", "__range": "600s"}
    assert coarse.macros()["__rate_interval"] == "135s"


def test_macros_and_variables_are_filled_in() -> None:
    values = {"job": "intake|capa", "__rate_interval": "60s"}
    assert filled('rate(x{job=~"$job"}[$__rate_interval])', values) == 'rate(x{job=~"intake|capa"}[60s])'
    assert filled("x{a=~${job}}", values) == "x{a=~intake|capa}"


def test_a_variable_that_nobody_defines_is_refused() -> None:
    with pytest.raises(KeyError, match="pod"):
        filled('up{pod="$pod"}', {})


def test_a_quantile_of_nothing_counts_as_no_answer() -> None:
    nothing = Answer("x", (Series({}, [(0, NOTHING), (1, NOTHING)]),))
    something = Answer("x", (Series({}, [(0, NOTHING), (1, 0.0)]),))
    assert (Answer("x").empty, nothing.empty, something.empty) == (True, True, False)


def test_a_page_shows_each_series_by_its_legend_with_least_greatest_and_last() -> None:
    points = [(0.0, 3.0), (1.0, math.nan), (2.0, 1.0), (3.0, 2.0)]
    page = as_markdown(found(Answer("sum(actions_open)", (Series({"team": "credit"}, points),))))
    assert "| credit | 1 | 3 | 2 |" in page
    assert "Variable `job`: capa" in page


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer("x", error="parse error"), 1, "parse error"),
        (Answer("x"), 0, "No answer."),
    ],
)
def test_a_refused_query_shows_and_fails_and_an_empty_one_shows(
    answer: Answer, code: int, words: str
) -> None:
    assert tell([found(answer)]) == code
    assert words in as_markdown(found(answer))


def test_a_variable_that_cannot_be_asked_is_refused() -> None:
    variable = {"name": "job", "type": "query", "query": {"query": "metrics(up)"}}
    with pytest.raises(ValueError, match="job is no label_values"):
        questions({"uid": "u", "title": "t", "templating": {"list": [variable]}, "panels": []})


def test_every_committed_dashboard_is_asked() -> None:
    assert len(all_questions()) == 7
    assert all(asked.panels and asked.variables for asked in all_questions())
