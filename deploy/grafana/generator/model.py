"""What a dashboard is made of, before it becomes Grafana's JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Shape(StrEnum):
    """How a panel shows its answer."""

    TIME_SERIES = "timeseries"
    STAT = "stat"
    BAR_GAUGE = "bargauge"
    TABLE = "table"

    @property
    def instant(self) -> bool:
        """Whether the panel shows one moment, the end of the time range, rather than its course."""
        return self is not Shape.TIME_SERIES


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression; the legend is text with `{{label}}` in it."""

    expression: str
    legend: str = ""


Colour = Literal["green", "yellow", "orange", "red", "blue"]


@dataclass(frozen=True, slots=True)
class Level:
    """From which value on a panel takes a colour."""

    value: float
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. Width is in Grafana's 24 columns, height in its rows of about 30 pixels."""

    title: str
    description: str
    """What the numbers mean and what to do about a bad one."""
    unit: str
    """One of Grafana's unit names, as in `grafana_foundation_sdk.models.units`."""
    queries: tuple[Query, ...]
    runbook: str
    """Name of the page under `docs/runbooks/`, without its ending."""
    shape: Shape = Shape.TIME_SERIES
    width: int = 8
    height: int = 7
    colour: Colour = "green"
    """Below the first level."""
    levels: tuple[Level, ...] = ()
    stacked: bool = False
    decimals: int | None = None
    may_be_empty: str = ""
    """Why a healthy system may have no answer; empty where an answer is always expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class JobVariable:
    """Offers the Prometheus jobs that export a series; every panel's own metrics are matched with the choice.

    `everything` matches jobs also while nothing of theirs has been scraped for so long that they are not offered; where it
    is empty, all that are offered stand for all.
    """

    series: str
    everything: str = ""
    name: str = "job"
    label: str = "job"
    description: str = "Prometheus jobs whose metrics are shown."
    may_be_empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; the uid is part of its address and never changes."""

    uid: str
    title: str
    description: str
    folder: str
    variables: tuple[JobVariable, ...]
    rows: tuple[Row, ...]
    since: str = "now-6h"
    refresh: str = "1m"

    def panels(self) -> Iterator[Panel]:
        """Give every panel, from the top."""
        for row in self.rows:
            yield from row.panels
