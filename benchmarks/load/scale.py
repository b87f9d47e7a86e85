"""How decisions a second grow with replicas and partitions: complaints pile up first, then the workers start."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.load.arrivals import Kind, Mix, Schedule
from benchmarks.load.check import Verdict, check, decided_at
from benchmarks.load.cluster import cluster
from benchmarks.load.complaints import Pool
from benchmarks.load.figures import Figures
from benchmarks.load.ledger import LEDGER, read_ledger
from benchmarks.load.play import Bounds, Run
from benchmarks.load.report import faults, milliseconds
from benchmarks.load.story import Story
from benchmarks.tables import Table

_WARM = 0.1
"""The share of complaints whose time is not counted: joining a group and filling caches would blur the rate."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """One size of the system and what it did."""

    partitions: int
    replicas: int
    figures: Figures
    decided_per_second: float
    verdict: Verdict


async def measure(
    *, partitions: int, replicas: int, schedule: Schedule, pool: Pool, name: str, folder: Path, within: float
) -> Scaled:
    """Hand complaints over while no worker runs, start the workers, and time them; then check every complaint."""
    async with cluster(replicas=replicas, partitions=partitions) as running:
        story = Story(name, pool, running.target.intake_key)
        bounds = Bounds(patience=0.0, probes=0.0)
        figures = await Run(running.target, schedule, story, folder, bounds).play()
        await asyncio.to_thread(running.start_workers)
        verdict = await asyncio.to_thread(check, read_ledger(folder / LEDGER), running.target, within=within)
        rate = per_second(await asyncio.to_thread(decided_at, running.target))
    return Scaled(partitions, replicas, figures, rate, verdict)


def per_second(times: Sequence[datetime]) -> float:
    """Give the rate after the first tenth of these times, which are in order; 0 where there are too few."""
    counted = times[int(_WARM * len(times)) :]
    taken = (counted[-1] - counted[0]).total_seconds() if counted else 0.0
    return (len(counted) - 1) / taken if taken else 0.0


def alone(schedule: Schedule) -> Schedule:
    """Take the other requests out of a schedule: here complaints are to pile up."""
    return Schedule(
        rate=schedule.rate,
        seconds=schedule.seconds,
        most=schedule.most,
        seed=schedule.seed,
        mix=Mix(0.0, 0.0, 0.0, 0.0),
    )


def table(sizes: Sequence[Scaled]) -> Table:
    """Show one row for each size."""
    return Table(
        "Replicas and partitions",
        f"{sizes[0].figures.machine} One broker, one PostgreSQL, one notifier; so many APIs and as many workers of intake,"
        " as many workers of capa. First complaints at the rate asked with no worker running, then all workers at once:"
        " decided a second from a tenth of them to the last. Checked: each complaint once in intake, decided once in capa.",
        ("partitions, replicas", "asked", "held", "p99 ms", "faults", "decided per second", "checked"),
        tuple(
            (
                f"{size.partitions}, {size.replicas}",
                f"{size.figures.rate:g}",
                f"{size.figures.held:.1f}",
                milliseconds(size.figures.kinds[Kind.HAND_OVER.value].p99),
                faults(size.figures),
                f"{size.decided_per_second:.0f}" if size.decided_per_second else "too few",
                f"{size.verdict.decided:,} {'once' if size.verdict.fine else 'NOT AS PROMISED'}",
            )
            for size in sizes
        ),
    )
