"""Writes runs as tables, for a terminal and to be pasted into docs/capacity.md."""

import math
from collections.abc import Sequence

from benchmarks.load.arrivals import Kind
from benchmarks.load.figures import Figures, Latency
from benchmarks.tables import Table

_NONE = Latency(0, 0.0, 0.0, 0.0)


def tables(runs: Sequence[Figures]) -> list[Table]:
    """Make the tables of one or more runs, one row a run."""
    return [_rates(runs), _kinds(runs), _cpu(runs)]


def _rates(runs: Sequence[Figures]) -> Table:
    rows = []
    for run in runs:
        posted = run.kinds.get(Kind.HAND_OVER.value, _NONE)
        rows.append(
            (
                f"{run.rate:g}",
                f"{run.held:.1f}",
                *(milliseconds(value) for value in (posted.p50, posted.p95, posted.p99)),
                faults(run),
                milliseconds(run.decided.p50),
                milliseconds(run.decided.p99),
                f"{run.decided_of} of {run.decided.number}",
                f"{run.undecided:,.0f}" if math.isfinite(run.undecided) else "unknown",
                waiting(run),
                _drained(run),
            )
        )
    first = runs[0]
    return Table(
        "Rates",
        f"{first.machine} {first.complaints}. Runs of {_seconds(runs)} s from {first.began_at} on. Asked and held: complaints"
        " a second, held where they were accepted before the sending ended. Times in ms, from when a request should have"
        " been sent; decided: from the answer until capa shows the decision. When the sending ended: complaints undecided;"
        " events in outboxes and before consumers, as gauges saw them up to 10 s before; seconds until all were decided.",
        (
            "asked",
            "held",
            "p50",
            "p95",
            "p99",
            "faults",
            "decided p50",
            "decided p99",
            "decided of probes",
            "undecided",
            "outbox, lag",
            "drained s",
        ),
        tuple(rows),
    )


def _kinds(runs: Sequence[Figures]) -> Table:
    return Table(
        "By kind of request",
        "All requests of each run; one that failed counts as one that took for ever.",
        ("asked, kind", "number", "p50 ms", "p95 ms", "p99 ms"),
        tuple(
            (
                f"{run.rate:g}, {kind.value}",
                f"{found.number:,}",
                *(milliseconds(value) for value in (found.p50, found.p95, found.p99)),
            )
            for run in runs
            for kind in Kind
            if (found := run.kinds.get(kind.value))
        ),
    )


def _cpu(runs: Sequence[Figures]) -> Table:
    names = list(dict.fromkeys(name for run in runs for name in run.cpu))
    return Table(
        "CPU",
        "Seconds of CPU of each process in the whole run, its end included, and the milliseconds of all but the"
        " generator for each accepted complaint.",
        ("asked", *names, "ms a complaint"),
        tuple(
            (
                f"{run.rate:g}",
                *(f"{run.cpu[name]:.1f}" if name in run.cpu else "" for name in names),
                f"{_cost(run):.1f}",
            )
            for run in runs
        ),
    )


def _cost(run: Figures) -> float:
    used = sum(seconds for name, seconds in run.cpu.items() if name != "load generator")
    return used * 1000 / max(1, run.accepted)


def _drained(run: Figures) -> str:
    if math.isfinite(run.drained):
        return f"{run.drained:.1f}"
    return "interrupted" if run.interrupted else "not in time"


def _seconds(runs: Sequence[Figures]) -> str:
    return ", ".join(dict.fromkeys(f"{run.seconds:.0f}" for run in runs))


def faults(run: Figures) -> str:
    """Write how many requests ended in which status or fault."""
    return ", ".join(f"{number} {name}" for name, number in sorted(run.faults.items())) or "none"


def waiting(run: Figures) -> str:
    """Write what waited when the sending ended."""
    outboxes = sum(value for name, value in run.waiting.items() if name.startswith("outbox"))
    return f"{outboxes:,.0f}, {sum(run.waiting.values()) - outboxes:,.0f}"


def milliseconds(value: float) -> str:
    """Write milliseconds, or that it never came."""
    return f"{value:,.0f}" if math.isfinite(value) else "never"
