"""Writes or checks the catalogue of metrics: `metrics.py write|check`.

`docs/metrics.json` for machines and `docs/metrics.md` for people, out of the registries of each service's roles.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from events.catalogue import LISTENS, topic_of

ROOT: Final = Path(__file__).resolve().parent.parent
SERVICES: Final = ("intake", "capa", "notifier")
ROLES: Final = ("api", "worker")
OPEN: Final = {
    "build_info": ("version", "commit"),
    "consumer_committed_position": ("partition",),
    "consumer_lag_messages": ("partition",),
    "http_server_request_duration_seconds": ("http_request_method", "http_response_status_code"),
    "python_info": ("implementation", "major", "minor", "patchlevel", "version"),
    # The groups that capa's triage policy names.
    "triage_decisions_total": ("product",),
    "nonconformities_open": ("product",),
    "actions_open": ("team",),
}
"""Labels whose values nobody can list beforehand, by metric; all others have those that stand at the start."""

LATER: Final = {("http_server_request_duration_seconds", "http_route"): ("unmatched",)}
"""Values that have no series at the start."""

BY_PARTITION: Final = ("consumer_committed_position", "consumer_lag_messages")
"""What has no series before the transport has told its partitions."""

INTERPRETER: Final = ("process_", "python_")


def exported(service: str, role: str) -> Sequence[Mapping[str, Any]]:
    """Ask a process of its own what a role exports."""
    script = ROOT / "scripts" / "role_metrics.py"
    answer = subprocess.run(
        [sys.executable, str(script), service, role], check=True, stdout=subprocess.PIPE, text=True
    )
    found: Sequence[Mapping[str, Any]] = json.loads(answer.stdout)
    return found


def catalogue() -> Sequence[Mapping[str, Any]]:
    """List each metric of each service once, by service and name, with the roles that export it."""
    asked = [(service, role) for service in SERVICES for role in ROLES]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda each: exported(*each), asked))
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for (service, role), metrics in zip(asked, answers, strict=True):
        for metric in metrics:
            entry = entries.setdefault((service, metric["name"]), _entry(service, metric))
            entry["roles"].append(role)
            _join(entry, metric)
    return [entries[key] for key in sorted(entries, key=lambda key: (SERVICES.index(key[0]), key[1]))]


def _entry(service: str, metric: Mapping[str, Any]) -> dict[str, Any]:
    entry = {name: metric[name] for name in ("name", "type", "help")}
    entry |= {"service": service, "roles": [], "labels": {}}
    return entry | ({"buckets": metric["buckets"]} if metric["buckets"] else {})


def _join(entry: dict[str, Any], metric: Mapping[str, Any]) -> None:
    """Add the label values of another role."""
    for label, values in metric["labels"].items():
        if label in OPEN.get(entry["name"], ()):
            entry["labels"][label] = None
        else:
            later: Sequence[str] = LATER.get((entry["name"], label), ())
            if entry["name"] in BY_PARTITION:
                later = {"topic": _topics(entry["service"]), "group": (entry["service"],)}[label]
            entry["labels"][label] = sorted({*entry["labels"].get(label, ()), *values, *later})


def _topics(service: str) -> Sequence[str]:
    return [topic_of(heard) for heard in LISTENS[service]]


def as_json(entries: Sequence[Mapping[str, Any]]) -> str:
    """Write the catalogue for machines; a label without a list is open."""
    return json.dumps({"metrics": entries}, indent=1) + "\n"


def as_page(entries: Sequence[Mapping[str, Any]]) -> str:
    """Write the catalogue for people: what several services export once, then each service's own."""
    by_name: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        by_name[entry["name"]].append(entry)
    parts: dict[str, list[str]] = {"All services": [], **{service: [] for service in SERVICES}}
    interpreter: list[str] = []
    for name, same in sorted(by_name.items()):
        if name.startswith(INTERPRETER):
            interpreter.append(f"`{name}`")
            continue
        parts["All services" if len(same) > 1 else same[0]["service"]] += _section(same)
    lines = [*HEAD]
    for title, sections in parts.items():
        lines += ["", f"## {title}", *sections]
    return "\n".join([*lines, "", "## The interpreter's own", "", *_wrapped(interpreter)]) + "\n"


def _section(same: Sequence[Mapping[str, Any]]) -> list[str]:
    first = same[0]
    roles = sorted({role for entry in same for role in entry["roles"]})
    lines = [
        "",
        f"### `{first['name']}`",
        "",
        f"{first['type'].capitalize()}, {' and '.join(roles)}. {first['help']}",
    ]
    if "buckets" in first:
        lines += ["", f"Buckets: {', '.join(first['buckets'])}."]
    labels = [
        f"- `{label}`: {_values([entry['labels'].get(label) for entry in same])}" for label in first["labels"]
    ]
    return [*lines, "", *labels] if labels else lines


def _values(lists: Sequence[Sequence[str] | None]) -> str:
    if any(values is None for values in lists):
        return "open"
    known = sorted({value for values in lists for value in values or ()})
    return ", ".join(f"`{value}`" for value in known)


def _wrapped(words: Sequence[str]) -> list[str]:
    return [f"{', '.join(words)}."]


HEAD: Final = (
    "# Metrics",
    "",
    "Generated from the code; `make fmt` writes it anew, and `docs/metrics.json` beside it for machines. Each process serves",
    "its metrics at `/metrics` on its metrics port; `all` is api and worker in one process.",
    "",
    "Names follow the OpenTelemetry conventions in their Prometheus form. Every series whose labels are listed here stands at",
    "0 from the start. A label that is open has values that nobody can list beforehand, but never one for each complaint,",
    "person or text: products and teams are told apart as far as capa's triage policy names them, at most 50 of each, and",
    "all others together. Gauges of the database are kept by the worker every 10 seconds, apart from the scrape; each replica",
    "says the same, so that they are aggregated with `max` and never with `sum`.",
)


def main(verb: str) -> int:
    """Write the catalogue, or name what is stale; gives the exit code."""
    if sys.platform != "linux":
        print("docs/metrics.* NOT COMPARED: only on Linux does a process export its own process_* metrics.")
        return 0
    entries = catalogue()
    made = {ROOT / "docs" / "metrics.json": as_json(entries), ROOT / "docs" / "metrics.md": as_page(entries)}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if verb == "write":
        for path in stale:
            path.write_text(made[path])
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale; make fmt writes it.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
