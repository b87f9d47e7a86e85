"""The series that a query may name: what the services export, by `docs/metrics.json`, and what exporters do."""

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
CATALOGUE: Final = ROOT / "docs" / "metrics.json"
EXPORTERS: Final = ROOT / "deploy" / "prometheus" / "exporters.toml"

TARGET_LABELS: Final = frozenset({"job", "instance", "role"})
"""Labels that a scrape adds to every series; `job` is the service, `role` is api, worker or all."""

_SUFFIXES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "histogram": {"_bucket": frozenset({"le"}), "_sum": frozenset(), "_count": frozenset()},
    "summary": {"": frozenset({"quantile"}), "_sum": frozenset(), "_count": frozenset()},
}


@dataclass(frozen=True, slots=True)
class Series:
    """One name that can be selected: the metric behind it, its labels, and the values of those that are closed."""

    name: str
    metric: str
    labels: frozenset[str]
    values: Mapping[str, Collection[str]] = field(default_factory=dict)


class KnownMetrics:
    """Series by name."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._series = {each.name: each for each in series}

    def __contains__(self, name: str) -> bool:
        return name in self._series

    def __getitem__(self, name: str) -> Series:
        return self._series[name]

    def names(self) -> frozenset[str]:
        """Every name that can be selected."""
        return frozenset(self._series)

    def metrics(self) -> frozenset[str]:
        """Every metric, histograms once."""
        return frozenset(each.metric for each in self._series.values())

    def nearest(self, name: str) -> str:
        """The known name that is most like an unknown one, or an empty text."""
        return next(iter(difflib.get_close_matches(name, self._series, n=1)), "")

    def with_recorded(self, recorded: Iterable[Series]) -> "KnownMetrics":
        """Know the results of recording rules as well."""
        return KnownMetrics([*self._series.values(), *recorded])


def series_of(
    name: str, kind: str, labels: Iterable[str], values: Mapping[str, Collection[str]] | None = None
) -> list[Series]:
    """Every series of one metric of the catalogue; `kind` is counter, gauge, histogram or summary."""
    own = TARGET_LABELS | frozenset(labels)
    name = f"{name.removesuffix('_total')}_total" if kind == "counter" else name
    return [
        Series(name + suffix, name, own | extra, values or {})
        for suffix, extra in _SUFFIXES.get(kind, {"": frozenset()}).items()
    ]


def from_catalogue(text: str) -> list[Series]:
    """Read the services' own metrics; the same metric of several services has the union of their label values.

    The services that export a metric are the values of its label `job`.
    """
    merged: dict[str, dict[str, Any]] = {}
    for metric in json.loads(text)["metrics"]:
        entry = merged.setdefault(metric["name"], {"kind": metric["type"], "labels": {"job": []}})
        entry["labels"]["job"].append(metric["service"])
        for label, values in metric["labels"].items():
            known = entry["labels"].get(label, [])
            entry["labels"][label] = None if values is None or known is None else sorted({*known, *values})
    return [
        series
        for name, entry in merged.items()
        for series in series_of(
            name,
            entry["kind"],
            entry["labels"],
            {label: values for label, values in entry["labels"].items() if values is not None},
        )
    ]


def from_exporters(text: str) -> list[Series]:
    """Read the allow-list: tables of exporters, each with `name = [labels]`."""
    return [
        Series(name, name, TARGET_LABELS | frozenset(labels))
        for exporter in tomllib.loads(text).values()
        for name, labels in exporter.items()
    ]


def known_metrics() -> KnownMetrics:
    """What the committed catalogue and the allow-list of exporters name."""
    return KnownMetrics([*from_catalogue(CATALOGUE.read_text()), *from_exporters(EXPORTERS.read_text())])


def can_match(pattern: str, values: Collection[str]) -> bool:
    """Tell whether each alternative of a matcher's regular expression can match one of a label's values."""
    alternatives = pattern.split("|") if re.fullmatch(r"[\w|.-]*", pattern) else [pattern]
    return all(any(re.fullmatch(each, value) for value in values) for each in alternatives)
