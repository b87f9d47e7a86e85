"""Every query of the committed dashboards, as Grafana would find it in their JSON."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DASHBOARDS: Final = Path(__file__).resolve().parents[1] / "dashboards"
_LABEL_VALUES: Final = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One target of one panel."""

    panel: str
    ref: str
    expression: str
    legend: str
    instant: bool


@dataclass(frozen=True, slots=True)
class VariableQuery:
    """A template variable that lists the values that a label has on a series.

    `everything` is the regular expression for all of them; where it is empty, it is made of the values.
    """

    name: str
    series: str
    label: str
    everything: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What one dashboard asks; variables come first, since panels use their answers."""

    uid: str
    title: str
    variables: tuple[VariableQuery, ...]
    panels: tuple[PanelQuery, ...]


def all_questions(folder: Path = DASHBOARDS) -> list[Questions]:
    """Read every dashboard of a folder, by path."""
    return [questions(json.loads(path.read_text())) for path in sorted(folder.rglob("*.json"))]


def questions(dashboard: dict[str, Any]) -> Questions:
    """Read one dashboard's JSON."""
    return Questions(
        dashboard["uid"],
        dashboard["title"],
        tuple(_variables(dashboard)),
        tuple(_panels(dashboard)),
    )


def _variables(dashboard: dict[str, Any]) -> Iterator[VariableQuery]:
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            if found is None:
                raise ValueError(
                    f"{dashboard['uid']}: variable {variable['name']} is no label_values(series, label)"
                )
            yield VariableQuery(
                variable["name"], found["series"], found["label"], variable.get("allValue") or ""
            )


def _panels(dashboard: dict[str, Any]) -> Iterator[PanelQuery]:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield PanelQuery(
                panel["title"],
                target["refId"],
                target["expr"],
                target.get("legendFormat", ""),
                target.get("instant", False),
            )
