"""Draws the chart of a series from the ledger: a baseline that is frozen once, and what came after it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from capa.domain.signals.periods import Period
from capa.domain.signals.watch import Chart, Watch
from quality.charts import Kind, Limits, Point, Subgroup, freeze, place
from quality.rare import RareKind, RareLimits, freeze_rare, place_rare, zeros_needed
from quality.refusals import FiguresInvalid
from quality.rules import Finding, Rule, find, find_zeros

LEAST_MEAN: Final = 5.0
"""Below so many complaints in a period on average, a chart of counts alarms too often, and gaps are charted."""

LEAST_GAPS: Final = 10


@dataclass(frozen=True, slots=True)
class Frozen:
    """Limits and the baseline they come from; `phase` counts the levels that the process had, from 1.

    Where the chart is not `exposed`, each period counts as one unit.
    """

    phase: int
    definition: str
    baseline_from: datetime
    baseline_to: datetime
    frozen_at: datetime
    policy_version: str
    exposed: bool
    limits: Limits | RareLimits

    @property
    def chart(self) -> str:
        """The kind of chart."""
        return self.limits.kind.value


@dataclass(frozen=True, slots=True)
class Counted:
    """A complete period of a series: its complaints, and its exposure where that is on record."""

    period: Period
    count: int
    exposure: float | None = None


@dataclass(frozen=True, slots=True)
class Plotted:
    """A point on a chart: what it stands for, from when to when, and where it lies."""

    label: str
    begins_at: datetime
    ends_at: datetime
    count: int
    exposure: float | None
    point: Point


@dataclass(frozen=True, slots=True)
class Series:
    """What is known of a watch's product and category: complete periods, oldest first, and when complaints came."""

    periods: Sequence[Counted]
    times: Sequence[datetime]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Trend:
    """A rule broken by the points `first` to `last` of a chart, on the side where things get worse."""

    rule: Rule
    points: tuple[Plotted, ...]


def freeze_baseline(watch: Watch, series: Series) -> tuple[Limits | RareLimits, bool] | None:
    """Compute limits from the first periods of a series, and whether they count against exposure.

    None where the periods are too few, or nothing can be charted.
    """
    baseline = series.periods[: watch.baseline]
    if len(baseline) < watch.baseline:
        return None
    try:
        return _freeze(watch, baseline, series)
    except FiguresInvalid:
        return None


def plot(frozen: Frozen, series: Series) -> list[Plotted]:
    """Place all that came after the baseline on the chart; periods without the exposure that it needs are left out."""
    match frozen.limits:
        case RareLimits() as rare:
            return _plot_gaps(frozen, rare, series)
        case Limits() as limits:
            return [
                _plotted(limits, each, each.exposure if frozen.exposed else 1.0)
                for each in series.periods
                if each.period.begins_at >= frozen.baseline_to
                and (each.exposure is not None or not frozen.exposed)
            ]


def trends(watch: Watch, frozen: Frozen, plotted: Sequence[Plotted]) -> list[Trend]:
    """Find the rules that were broken for the worse: more complaints, or shorter gaps between them."""
    points = [each.point for each in plotted]
    rare = isinstance(frozen.limits, RareLimits)
    found = find(points, watch.rules)
    if (
        isinstance(frozen.limits, RareLimits)
        and frozen.limits.kind is RareKind.G
        and Rule.ZEROS in watch.rules
    ):
        found += find_zeros(points, zeros_needed(frozen.limits))
    return [
        Trend(each.rule, tuple(plotted[each.first : each.last + 1]))
        for each in found
        if _worse(each, rare=rare)
    ]


def _worse(finding: Finding, *, rare: bool) -> bool:
    return finding.side in {"low" if rare else "high", "both"}


def _freeze(
    watch: Watch, baseline: Sequence[Counted], series: Series
) -> tuple[Limits | RareLimits, bool] | None:
    mean = sum(each.count for each in baseline) / len(baseline)
    chart = watch.chart
    if chart in {Chart.G, Chart.T} or (chart is Chart.AUTO and mean < LEAST_MEAN):
        rare = _freeze_gaps(RareKind.T if chart is Chart.T else RareKind.G, baseline, series)
        return None if rare is None else (rare, False)
    exposed = watch.exposure is not None and all(each.exposure is not None for each in baseline)
    subgroups = [
        Subgroup(each.count, each.exposure if exposed and each.exposure else 1.0) for each in baseline
    ]
    if chart is Chart.AUTO:
        limits = freeze(Kind.U if exposed else Kind.C, subgroups)
        # With one unit in each period, Laney's u' is the corrected chart of counts.
        return freeze(Kind.LANEY_U, subgroups) if _overdispersed(limits) else limits, exposed
    if chart is Chart.C:
        return freeze(Kind.C, subgroups), False
    return (freeze(Kind(chart.value), subgroups), True) if exposed else None


def _overdispersed(limits: Limits) -> bool:
    return limits.dispersed and limits.dispersion > 1


def _freeze_gaps(kind: RareKind, baseline: Sequence[Counted], series: Series) -> RareLimits | None:
    end = baseline[-1].period.ends_at
    begin = baseline[0].period.begins_at
    times = [at for at in series.times if begin <= at < end]
    gaps = _gaps(kind, times, series.zone)
    return freeze_rare(kind, gaps) if len(gaps) >= LEAST_GAPS else None


def _gaps(kind: RareKind, times: Sequence[datetime], zone: ZoneInfo) -> list[float]:
    if kind is RareKind.G:
        days: list[date] = [at.astimezone(zone).date() for at in times]
        return [float((later - earlier).days) for earlier, later in pairwise(days)]
    return [(later - earlier).total_seconds() / 86_400 for earlier, later in pairwise(times)]


def _plot_gaps(frozen: Frozen, limits: RareLimits, series: Series) -> list[Plotted]:
    end = series.periods[-1].period.ends_at if series.periods else frozen.baseline_to
    times = [at for at in series.times if frozen.baseline_from <= at < end]
    gaps = _gaps(limits.kind, times, series.zone)
    return [
        Plotted(
            label=times[nth].astimezone(series.zone).date().isoformat(),
            begins_at=times[nth - 1],
            ends_at=times[nth],
            count=1,
            exposure=None,
            point=place_rare(limits, gaps[nth - 1]),
        )
        for nth in range(1, len(times))
        if times[nth] >= frozen.baseline_to
    ]


def _plotted(limits: Limits, counted: Counted, exposure: float | None) -> Plotted:
    return Plotted(
        label=counted.period.first_day.isoformat(),
        begins_at=counted.period.begins_at,
        ends_at=counted.period.ends_at,
        count=counted.count,
        exposure=counted.exposure,
        point=place(limits, Subgroup(counted.count, exposure or 1.0)),
    )


def exposure_in(period: Period, spans: Mapping[tuple[date, date], float]) -> float | None:
    """Give the units of a period from spans that do not overlap, by days; None unless they cover all its days."""
    covered, units = 0, []
    for (first, then), number in spans.items():
        days = (min(then, period.next_day) - max(first, period.first_day)).days
        if days > 0:
            covered += days
            units.append(number * days / (then - first).days)
    whole = (period.next_day - period.first_day).days
    total = math.fsum(units)
    return total if covered == whole and total > 0 else None
