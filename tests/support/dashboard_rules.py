"""The rules of Grafana's dashboard-linter, and ours, read off a dashboard's JSON."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.models import units

from tests.support.queries import WrongQuery, parse

Dashboard = Mapping[str, Any]

UNITS: Final = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
JOBLESS: Final = {"ALERTS"}
"""Written by Prometheus itself about rules, which belong to no job."""
GAUGES: Final = {"cnpg_backends_total"}
"""Named like a counter by CloudNativePG, but none."""
_SELECTOR: Final = re.compile(r"(?P<name>[a-z_][\w:]*)\{(?P<matchers>[^{}]*)\}(?P<range>\[)?", re.IGNORECASE)
_CALL: Final = re.compile(r"(?P<function>\w+)\([^()]*\[(?P<range>[^\]]+)\]\)")
_VARIABLE: Final = re.compile(r"\$\{?([a-z]\w*)\}?")


def panels(dashboard: Dashboard) -> Iterator[Mapping[str, Any]]:
    """Every panel that is no heading."""
    return (panel for panel in dashboard["panels"] if panel["type"] != "row")


def targets(dashboard: Dashboard) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every query with the title of its panel."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield panel.get("title", ""), target


def _templated_source(dashboard: Dashboard) -> Iterator[str]:
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    chosen = variables.get("datasource", {})
    if (chosen.get("type"), chosen.get("query")) != ("datasource", "prometheus"):
        yield "the data source is no variable"
    for panel in panels(dashboard):
        if any(each.get("datasource") != SOURCE for each in (panel, *panel.get("targets", []))):
            yield f"{panel['title']}: reads another data source than the chosen one"


def _job_matcher(dashboard: Dashboard) -> Iterator[str]:
    jobs = {
        each["name"]
        for each in dashboard["templating"]["list"]
        if each["type"] == "query" and each["query"]["query"].endswith(", job)")
    }
    if "job" not in jobs:
        yield "the job is no variable"
    for title, target in targets(dashboard):
        for found in _SELECTOR.finditer(target["expr"]):
            named = any(f'job=~"${job}"' in found["matchers"] for job in jobs)
            if not named and found["name"] not in JOBLESS:
                yield f"{title}: {found['name']} is not matched with the chosen jobs"


def _title_and_description(dashboard: Dashboard) -> Iterator[str]:
    titles = [panel.get("title", "") for panel in panels(dashboard)]
    yield from (f"{title!r} stands twice" for title in {each for each in titles if titles.count(each) > 1})
    for panel in panels(dashboard):
        if not panel.get("title"):
            yield f"panel {panel['id']} has no title"
        if not panel.get("description"):
            yield f"{panel.get('title')}: has no description"


def _unit(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if unit not in UNITS:
            yield f"{panel['title']}: Grafana knows no unit {unit}"


def _some_target(dashboard: Dashboard) -> Iterator[str]:
    yield from (f"{panel['title']}: asks nothing" for panel in panels(dashboard) if not panel.get("targets"))


def _promql(dashboard: Dashboard) -> Iterator[str]:
    for title, target in targets(dashboard):
        try:
            parse(target["expr"])
        except WrongQuery as error:
            yield f"{title}: {error}"


def _rate_interval(dashboard: Dashboard) -> Iterator[str]:
    for title, target in targets(dashboard):
        for found in _CALL.finditer(target["expr"]):
            # A sum over the whole time range is one number; drawn as a course it would mean nothing.
            whole = found["function"] == "increase" and target.get("instant", False)
            if found["range"] != ("$__range" if whole else "$__rate_interval"):
                yield f"{title}: {found['function']} over {found['range']}"


def _counters(dashboard: Dashboard) -> Iterator[str]:
    for title, target in targets(dashboard):
        for found in _SELECTOR.finditer(target["expr"]):
            counts = found["name"].endswith(("_total", "_bucket")) and found["name"] not in GAUGES
            if counts and not found["range"]:
                yield f"{title}: {found['name']} is a counter, and only its rate or increase says something"


def _not_editable(dashboard: Dashboard) -> Iterator[str]:
    if dashboard.get("editable") is not False:
        yield "can be edited in Grafana"
    if not re.fullmatch(r"redress-[a-z]+", dashboard.get("uid") or ""):
        yield "has no uid that stays"


def _variables(dashboard: Dashboard) -> Iterator[str]:
    known = {each["name"] for each in dashboard["templating"]["list"]}
    for title, target in targets(dashboard):
        used = {name for name in _VARIABLE.findall(target["expr"]) if not name.startswith("__")}
        yield from (f"{title}: there is no variable {name}" for name in sorted(used - known))


def _layout(dashboard: Dashboard) -> Iterator[str]:
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        yield "two panels have one id"
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                if x >= 24 or taken.setdefault((x, y), panel["title"]) != panel["title"]:
                    yield f"{panel['title']}: lies over another panel or the edge"
                    return


RULES: Final[Mapping[str, Callable[[Dashboard], Iterator[str]]]] = {
    "templated data source": _templated_source,
    "job matcher": _job_matcher,
    "title and description": _title_and_description,
    "valid unit": _unit,
    "at least one target": _some_target,
    "valid PromQL": _promql,
    "rate interval": _rate_interval,
    "counters in a rate": _counters,
    "not editable, fixed uid": _not_editable,
    "known variables": _variables,
    "layout": _layout,
}


def faults(dashboard: Dashboard) -> list[str]:
    """What breaks a rule, one line each."""
    return [f"{dashboard['uid']}: {fault}" for rule in RULES.values() for fault in rule(dashboard)]


def missing_runbooks(dashboard: Dashboard, folder: Path) -> list[str]:
    """Panels whose link leads to no page of the folder."""
    found = []
    for panel in panels(dashboard):
        pages = [
            link["url"].removeprefix("${runbooks}/")
            for link in panel.get("links", [])
            if link["title"] == "Runbook" and link["url"].startswith("${runbooks}/")
        ]
        if not pages or not all((folder / page).is_file() for page in pages):
            found.append(f"{dashboard['uid']}: {panel['title']}: {', '.join(pages) or 'no runbook'}")
    return found
