"""Episodes out of charts and windows, each with its evidence as plain JSON and a sentence for a person."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from capa.domain.severity import Severity
from capa.domain.signals.charting import Frozen, Plotted, Trend
from capa.domain.signals.signal import WINDOW, Episode, told
from capa.domain.signals.watch import Watch, Window
from quality.charts import Limits
from quality.rules import Rule
from quality.windows import clusters

MOST_POINTS: Final = 60
"""At most so many points of a chart are kept as evidence, the newest ones."""

_SAID: Final = {
    Rule.BEYOND: "lies beyond the control limit",
    Rule.RUN: "ends a run on the worse side of the centre line",
    Rule.TREND: "ends a steady rise",
    Rule.ALTERNATING: "ends a run that goes up and down by turns",
    Rule.ZEROS: "ends a row of complaints on the same day",
}


@dataclass(frozen=True, slots=True)
class Came:
    """When a complaint came, and how bad its source says it is."""

    at: datetime
    severity: Severity


def of_trend(
    watch: Watch,
    stratum: tuple[str, str, str],
    trend: Trend,
    frozen: Frozen,
    *,
    plotted: Sequence[Plotted],
    came: Sequence[Came],
) -> Episode:
    """Make the episode of a broken rule."""
    product, category, site = stratum
    first, last = trend.points[0], trend.points[-1]
    within = [each for each in came if first.begins_at <= each.at <= last.ends_at]
    point = last.point
    explanation = (
        f"{told(*stratum)}: the point of {last.label} {_SAID[trend.rule]} of the {frozen.chart} chart of watch "
        f"{watch.name}. It is {point.value:.6g}, with centre line {point.centre:.6g} and limits {point.lower:.6g} and "
        f"{point.upper:.6g}, frozen from {frozen.baseline_from:%Y-%m-%d} to {frozen.baseline_to:%Y-%m-%d} (phase "
        f"{frozen.phase}); {len(trend.points)} point(s) are evidence."
    )
    return Episode(
        watch=watch.name,
        product=product,
        category=category,
        site=site,
        rule=trend.rule.value,
        first_at=first.begins_at,
        last_at=last.ends_at,
        complaints=len(within),
        severity=worst(within),
        explanation=explanation,
        phase=frozen.phase,
        evidence=chart_of(frozen, plotted, trend.points),
    )


def of_windows(
    watch: str, stratum: tuple[str, str, str], window: Window, came: Sequence[Came]
) -> list[Episode]:
    """Make the episodes of a watch's rule of so many within so long; `came` is in the order of time."""
    product, category, site = stratum
    grave = [each for each in came if each.severity.rank >= window.severity_at_least.rank]
    times = [each.at for each in grave]
    episodes = []
    for cluster in clusters(times, count=window.count, within=window.within):
        within = [each for each in grave if cluster.first <= each.at <= cluster.last]
        explanation = (
            f"{told(*stratum)}: {cluster.most} complaints of severity {window.severity_at_least} or worse came "
            f"within {window.within.days} days, and watch {watch} takes {window.count} for a signal; they came from "
            f"{cluster.first:%Y-%m-%d} to {cluster.last:%Y-%m-%d}."
        )
        episodes.append(
            Episode(
                watch=watch,
                product=product,
                category=category,
                site=site,
                rule=f"{WINDOW}_{window.count}_in_{window.within.days}d",
                first_at=cluster.first,
                last_at=cluster.last,
                complaints=len(within),
                severity=worst(within),
                explanation=explanation,
                phase=None,
                evidence=_window(window, [each.at for each in within]),
            )
        )
    return episodes


def chart_of(frozen: Frozen, plotted: Sequence[Plotted], marked: Sequence[Plotted]) -> dict[str, object]:
    """Write a chart as plain JSON: limits, and the newest points, those of the evidence marked."""
    return {
        "chart": frozen.chart,
        "unit": _unit(frozen),
        "phase": frozen.phase,
        "baseline_from": frozen.baseline_from.isoformat(),
        "baseline_to": frozen.baseline_to.isoformat(),
        "frozen_at": frozen.frozen_at.isoformat(),
        "policy_version": frozen.policy_version,
        "limits": {
            name: str(value) if name == "kind" else value for name, value in asdict(frozen.limits).items()
        },
        "points": [_point(each, evidence=each in marked) for each in plotted[-MOST_POINTS:]],
    }


def _unit(frozen: Frozen) -> str:
    if not isinstance(frozen.limits, Limits):
        return "days between complaints"
    return "complaints for each unit of exposure" if frozen.exposed else "complaints in a period"


def _point(plotted: Plotted, *, evidence: bool) -> dict[str, object]:
    return {
        "label": plotted.label,
        "from": plotted.begins_at.isoformat(),
        "to": plotted.ends_at.isoformat(),
        "count": plotted.count,
        "exposure": plotted.exposure,
        **asdict(plotted.point),
        "evidence": evidence,
    }


def _window(window: Window, times: Sequence[datetime]) -> dict[str, object]:
    numbers = [sum(at - window.within < each <= at for each in times) for at in times]
    points = [
        {
            "label": f"{at:%Y-%m-%d}",
            "from": max(times[0], at - window.within + timedelta(microseconds=1)).isoformat(),
            "to": at.isoformat(),
            "count": number,
            "exposure": None,
            "value": float(number),
            "centre": None,
            "lower": None,
            "upper": float(window.count),
            "z": None,
            "evidence": number >= window.count,
        }
        for at, number in zip(times, numbers, strict=True)
    ]
    return {
        "chart": WINDOW,
        "unit": f"complaints in the {window.within.days} days before",
        "phase": None,
        "limits": {
            "count": window.count,
            "days": window.within.days,
            "severity_at_least": window.severity_at_least.value,
        },
        "points": points[-MOST_POINTS:],
    }


def worst(came: Sequence[Came]) -> Severity:
    """Give the gravest severity among complaints."""
    return max((each.severity for each in came), key=lambda severity: severity.rank, default=Severity.MINOR)
