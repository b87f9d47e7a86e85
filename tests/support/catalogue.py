"""Compares what a process exports with the catalogue of metrics, `docs/metrics.json`."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

CATALOGUE = Path(__file__).resolve().parents[2] / "docs" / "metrics.json"

PARTLY = {
    "http_server_request_duration_seconds": "a route has not every method and status",
    "delivery_attempts_total": "what was sent has no reason, and what failed has one",
    "outbox_published_total": "a service publishes to its own topics",
    "database_pool_connections": "the pool named probe is that of a worker alone",
    "database_pool_size": "the same",
    "consumer_lag_messages": "the transport tells the partitions",
    "consumer_committed_position": "the same",
    "loop_silence_seconds": "loops without a heartbeat of their own are not watched",
}
"""Metrics that do not have a series for every combination of their labels' values, and why."""

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Exported:
    """One metric of a scrape."""

    type: str
    help: str
    series: Sequence[Labels]


def read(scrape: str) -> Mapping[str, Exported]:
    """Read a scrape in the text format; bounds of histograms are left out of the labels."""
    found = {}
    for family in text_string_to_metric_families(scrape):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        series = {
            tuple((label, value) for label, value in sample.labels.items() if label != "le")
            for sample in family.samples
        }
        found[name] = Exported(family.type, family.documentation, [dict(labels) for labels in series])
    return found


def catalogued(service: str) -> Mapping[str, Mapping[str, Any]]:
    """The catalogue's entries of a service, by name."""
    entries = json.loads(CATALOGUE.read_text())["metrics"]
    return {entry["name"]: entry for entry in entries if entry["service"] == service}


def differences(service: str, scrape: str, known: Mapping[str, Mapping[str, Any]] | None = None) -> list[str]:
    """Say in what a scrape of a service's `all` process and the catalogue differ."""
    entries, exported = known or catalogued(service), read(scrape)
    found = [f"{name} is not in the catalogue" for name in exported.keys() - entries.keys()]
    found += [f"{name} is not exported" for name in entries.keys() - exported.keys()]
    for name in entries.keys() & exported.keys():
        found += [f"{name}: {fault}" for fault in _faults(entries[name], exported[name])]
    return sorted(found)


def _faults(entry: Mapping[str, Any], metric: Exported) -> Iterator[str]:
    if (entry["type"], entry["help"]) != (metric.type, metric.help):
        yield f"is {metric.type}: {metric.help}"
    values: dict[str, set[str]] = defaultdict(set)
    for labels in metric.series:
        for label, value in labels.items():
            values[label].add(value)
    for label, seen in values.items():
        if label not in entry["labels"]:
            yield f"the label {label} is not in the catalogue"
        elif (known := entry["labels"][label]) is not None and not seen <= set(known):
            yield f"{label} has {sorted(seen - set(known))}, which is not in the catalogue"


def missing(service: str, scrape: str) -> list[str]:
    """Name the series with closed labels that a scrape of a service's `all` process lacks."""
    exported, found = read(scrape), []
    for name, entry in catalogued(service).items():
        closed = {label: values for label, values in entry["labels"].items() if values is not None}
        if name in PARTLY or name not in exported:
            continue
        have = {tuple((label, labels[label]) for label in closed) for labels in exported[name].series}
        found += [
            f"{name}{dict(labels)}"
            for labels in (tuple(zip(closed, values, strict=True)) for values in product(*closed.values()))
            if labels not in have
        ]
    return found
