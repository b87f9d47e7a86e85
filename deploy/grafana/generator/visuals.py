"""Turns a panel of ours into the SDK's builder of its shape."""

import string
from typing import Final, TypeAlias, assert_never

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as shared
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.generator.model import Panel, Query, Shape

Visual: TypeAlias = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel

SOURCE: Final = shared.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that the reader of a dashboard chose."""


def visual(panel: Panel, number: int) -> Visual:
    """Build one panel; the number is its id within the dashboard."""
    drawn = _shape(panel)
    drawn.id(number).title(panel.title).description(panel.description).datasource(SOURCE)
    drawn.span(panel.width).height(panel.height).unit(panel.unit)
    drawn.thresholds(_thresholds(panel)).color_scheme(_colours(panel))
    drawn.links([_runbook(panel)])
    if panel.decimals is not None:
        drawn.decimals(panel.decimals)
    if panel.may_be_empty:
        drawn.no_value("none")
    for letter, query in zip(string.ascii_uppercase, panel.queries, strict=False):
        drawn.with_target(_target(query, letter, panel.shape))
    return drawn


def _shape(panel: Panel) -> Visual:
    match panel.shape:
        case Shape.TIME_SERIES:
            return _time_series(panel)
        case Shape.STAT:
            return stat.Panel().reduce_options(_last()).graph_mode(shared.BigValueGraphMode.NONE)
        case Shape.BAR_GAUGE:
            bars = bargauge.Panel().reduce_options(_last()).min(0)
            return bars.orientation(shared.VizOrientation.HORIZONTAL).display_mode(
                shared.BarGaugeDisplayMode.BASIC
            )
        case Shape.TABLE:
            return table.Panel().with_transformation(_without_columns("Time", "__name__"))
        case never:
            assert_never(never)


def _time_series(panel: Panel) -> timeseries.Panel:
    lines = (
        timeseries.Panel()
        .min(0)
        .fill_opacity(10)
        .show_points(shared.VisibilityMode.NEVER)
        .legend(common.VizLegendOptions().display_mode(shared.LegendDisplayMode.LIST).show_legend(True))
        .tooltip(common.VizTooltipOptions().mode(shared.TooltipDisplayMode.MULTI))
    )
    if panel.stacked:
        lines.stacking(common.StackingConfig().mode(shared.StackingMode.NORMAL)).fill_opacity(40)
    if panel.levels:
        lines.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(shared.GraphThresholdsStyleMode.DASHED)
        )
    return lines


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _without_columns(*names: str) -> models.DataTransformerConfig:
    return models.DataTransformerConfig(
        id_val="organize", options={"excludeByName": dict.fromkeys(names, True)}
    )


def _thresholds(panel: Panel) -> ThresholdsConfig:
    base = models.Threshold(value=None, color=panel.colour)
    steps = [base, *(models.Threshold(value=level.value, color=level.colour) for level in panel.levels)]
    return ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _colours(panel: Panel) -> FieldColor:
    lines = panel.shape is Shape.TIME_SERIES
    by_value, by_name = models.FieldColorModeId.THRESHOLDS, models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME
    return FieldColor().mode(by_name if lines else by_value)


def _runbook(panel: Panel) -> DashboardLink:
    link = DashboardLink("Runbook").type(models.DashboardLinkType.LINK).target_blank(True)
    return link.url(f"${{runbooks}}/{panel.runbook}.md")


def _target(query: Query, letter: str, shape: Shape) -> Dataquery:
    target = Dataquery().expr(query.expression).ref_id(letter).datasource(SOURCE)
    if query.legend:
        target.legend_format(query.legend)
    if shape is Shape.TABLE:
        target.format(PromQueryFormat.TABLE)
    return target.instant() if shape.instant else target.range()
