"""Charts of the management review: nothing stands over anything else, however many and long the names are."""

from typing import Any

import pytest

from capa.domain.report.figure import TALLEST
from capa.domain.report.ranking_chart import ranking_chart
from capa.domain.report.time_chart import columns_chart, control_chart
from quality.pareto import pareto
from tests.capa.report.test_drawings import faults_of

NAME = "credit-reporting-or-other-personal-consumer-reports / problem-with-an-investigation-into-an-existing-problem"


@pytest.mark.parametrize("count", [1, 2, 10, 30])
def test_a_ranking_tells_product_and_category_of_each_kind_beside_its_bar(count: int) -> None:
    values = {f"{nth}-{NAME}": 12_345_678.9 / (nth + 1) for nth in range(count)}
    drawn = ranking_chart("Costs", pareto(values, most=10), lambda value: f"{value:.2f}")
    assert faults_of(drawn) == []
    assert drawn.height <= TALLEST
    said = [" ".join(label.lines) for label in drawn.labels]
    for nth in range(min(count, 10)):
        assert any(each.startswith(f"{nth}-credit-") and "problem-with-" in each for each in said)
    assert any("12345678.90" in each for each in said)


@pytest.mark.parametrize("count", [1, 12, 15, 120])
def test_columns_name_as_many_periods_as_have_room(count: int) -> None:
    rows = [(f"20{nth:02d}-01-01", 10_000 + nth) for nth in range(count)]
    drawn = columns_chart("Complaints", "complaints", rows)
    assert faults_of(drawn) == []
    named = [label for label in drawn.labels if label.lines[0] in {name for name, _ in rows}]
    assert (len(named) == count) is (count < 8)


@pytest.mark.parametrize(("count", "upper"), [(1, 4.0), (24, 1e-5), (60, None)])
def test_a_control_chart_marks_its_evidence_and_keeps_within_its_frame(
    count: int, upper: float | None
) -> None:
    points: list[dict[str, Any]] = [
        {
            "label": f"2026-01-{nth:02d}",
            "value": (upper or 3.0) * (1 + nth / count),
            "centre": upper,
            "lower": 0.0,
            "upper": upper,
            "evidence": nth == count - 1,
        }
        for nth in range(count)
    ]
    drawn = control_chart("S-1001", {"unit": "complaints for each unit of exposure", "points": points})
    assert faults_of(drawn) == []
    marked = [shape for shape in drawn.shapes if getattr(shape, "marked", False)]
    assert len(marked) == 1
