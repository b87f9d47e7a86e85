"""Writes what every query answered, for a person to look at."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.grafana.ask.prometheus import Answer, Prometheus, Series
from deploy.grafana.ask.questions import PanelQuery, Questions, VariableQuery

_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Answered:
    """One dashboard's questions with their answers."""

    questions: Questions
    variables: Mapping[VariableQuery, Sequence[str]]
    panels: Mapping[PanelQuery, Answer]


def answered(prometheus: Prometheus, asked: Questions) -> Answered:
    """Ask all that a dashboard does."""
    variables = {variable: prometheus.values(variable) for variable in asked.variables}
    chosen = {each.name: each.everything or "|".join(values) for each, values in variables.items()}
    return Answered(asked, variables, {query: prometheus.answer(query, chosen) for query in asked.panels})


def as_markdown(found: Answered) -> str:
    """Write a page: each panel's query, and for each series its least, greatest and last value."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Answered) -> Iterator[str]:
    yield f"# {found.questions.title}"
    for variable, values in found.variables.items():
        yield f"\nVariable `{variable.name}`: {', '.join(values) or 'no values'}"
    title = ""
    for query, answer in found.panels.items():
        if query.panel != title:
            title = query.panel
            yield f"\n## {title}"
        yield f"\n```promql\n{answer.asked}\n```\n"
        if answer.error:
            yield f"**Error:** {answer.error}"
        elif answer.empty:
            yield "No answer."
        else:
            yield from _table(query, answer)


def _table(query: PanelQuery, answer: Answer) -> Iterator[str]:
    yield "| series | least | greatest | last |\n| --- | ---: | ---: | ---: |"
    for series in answer.series:
        # What is not a number is not equal to itself.
        values = [value for _, value in series.points if value == value]  # noqa: PLR0124
        if values:
            shown = " | ".join(f"{value:.6g}" for value in (min(values), max(values), values[-1]))
            yield f"| {_name(query, series)} | {shown} |"


def _name(query: PanelQuery, series: Series) -> str:
    if query.legend:
        return _LABEL.sub(lambda found: series.labels.get(found[1], ""), query.legend)
    return ", ".join(f"{name}={value}" for name, value in series.labels.items()) or "value"
