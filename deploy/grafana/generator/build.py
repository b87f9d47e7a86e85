"""Turns a dashboard of ours into the JSON that Grafana provisions."""

import json
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.generator.model import Dashboard, JobVariable
from deploy.grafana.generator.visuals import SOURCE, visual

TAG: Final = "redress"


def as_json(dashboard: Dashboard, runbooks: str) -> str:
    """Write a dashboard as classic JSON; `runbooks` is the address under which the runbook pages are read."""
    built = (
        builders.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags([TAG])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time(dashboard.since, "now")
        .refresh(dashboard.refresh)
        .timezone("browser")
        .link(_other_dashboards())
        .with_variable(_datasource())
        .with_variable(_runbooks(runbooks))
    )
    for variable in dashboard.variables:
        built.with_variable(_jobs(variable))
    number = 0
    for row in dashboard.rows:
        number += 1
        built.with_row(builders.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            built.with_panel(visual(panel, number))
    return json.dumps(built.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _other_dashboards() -> builders.DashboardLink:
    link = builders.DashboardLink("Redress").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    link.as_dropdown(True).include_vars(False).keep_time(True)
    # The SDK puts every link into a menu, and its builder has no word for elsewhere.
    link.build().placement = ""
    return link


def _datasource() -> builders.DatasourceVariable:
    chosen = builders.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return chosen.description("The Prometheus that scrapes Redress.")


def _runbooks(address: str) -> builders.ConstantVariable:
    constant = builders.ConstantVariable("runbooks").label("Runbooks").value(address)
    return constant.description("Where the runbook pages are read.")


def _jobs(variable: JobVariable) -> builders.QueryVariable:
    query = f"label_values({variable.series}, job)"
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    offered = (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .datasource(SOURCE)
        .query({"query": query, "refId": variable.name})
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(everything)
    )
    return offered.all_value(variable.everything) if variable.everything else offered
