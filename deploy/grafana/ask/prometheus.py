"""Asks Prometheus over its HTTP API, with Grafana's macros and variables filled in."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from deploy.grafana.ask.questions import PanelQuery, VariableQuery

_MACRO: Final = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True, slots=True)
class Window:
    """The time range of a dashboard, in Unix seconds, and how finely it is drawn and scraped, in seconds."""

    start: float
    end: float
    step: float
    scrape_interval: float

    def macros(self) -> dict[str, str]:
        """Give what Grafana puts for its own macros."""
        rate = max(self.step + self.scrape_interval, 4 * self.scrape_interval)
        return {
            "__rate_interval": f"{math.ceil(rate)}s",
            "__interval": f"{math.ceil(self.step)}s",
            "__range": f"{math.ceil(self.end - self.start)}s",
        }


@dataclass(frozen=True, slots=True)
class Series:
    """The labels of one series of an answer and its points, oldest first, as (Unix seconds, value)."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: series, or the reason why none did."""

    asked: str
    series: tuple[Series, ...] = ()
    error: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw; a quantile of nothing is not a number."""
        return all(math.isnan(value) for each in self.series for _, value in each.points)


class Prometheus:
    """One Prometheus, asked about one window of time."""

    def __init__(self, url: str, window: Window) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)
        self._window = window

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def values(self, variable: VariableQuery) -> list[str]:
        """List a variable's values; raises httpx.HTTPStatusError where Prometheus refuses its series."""
        answer = self._client.get(
            f"/api/v1/label/{variable.label}/values",
            params={
                "match[]": variable.series,
                "start": self._window.start,
                "end": self._window.end,
            },
        )
        answer.raise_for_status()
        found: list[str] = answer.json()["data"]
        return found

    def answer(self, query: PanelQuery, chosen: Mapping[str, str]) -> Answer:
        """Ask a panel's query; `chosen` gives the regular expression that each variable stands for."""
        asked = filled(query.expression, {**self._window.macros(), **chosen})
        window = self._window
        if query.instant:
            path, when = "query", {"time": window.end}
        else:
            path, when = "query_range", {"start": window.start, "end": window.end, "step": window.step}
        body = self._client.post(f"/api/v1/{path}", data={"query": asked, **when}).json()
        if body["status"] != "success":
            return Answer(asked, error=body["error"])
        return Answer(asked, tuple(_series(body["data"])))


def filled(expression: str, values: Mapping[str, str]) -> str:
    """Put values for macros and variables; raises KeyError for one that nobody defines."""
    return _MACRO.sub(lambda found: values[found[1]], expression)


def _series(data: Mapping[str, Any]) -> list[Series]:
    if data["resultType"] == "scalar":
        return [Series({}, [_point(data["result"])])]
    return [
        Series(each["metric"], [_point(point) for point in each.get("values") or [each["value"]]])
        for each in data["result"]
    ]


def _point(raw: Sequence[Any]) -> tuple[float, float]:
    return float(raw[0]), float(raw[1])
