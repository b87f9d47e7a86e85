"""POST /v1/complaints, whole, against a bare route that does one insert: rate and p99, side by side."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import environment, free_port, load, make_key, migrate, postgres, process
from benchmarks.tables import Table, at_least, middle
from local.postgres import Server

CONNECTIONS: Final = 16
TARGET: Final = 1.0
BODY: Final = json.dumps(
    {
        "external_id": "case-%d",
        "channel": "phone",
        "reported_severity": "major",
        "product": "credit-card",
        "category": "fees",
        "title": "Charged twice",
        "description": "I was charged twice and nobody answers. " * 20,
        "remedy_sought": "Refund the second charge.",
        "complainant": {"name": "Ada Moreau", "email": "ada@example.org", "country": "DE"},
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """One server to be measured."""

    name: str
    port: int
    key: str = "none"
    idempotency: bool = False


async def measure(*, quick: bool) -> list[Table]:
    """Measure each server in turn, round by round, and give the medians."""
    rounds, seconds = (1, 2.0) if quick else (3, 8.0)
    outcomes: dict[str, list[Mapping[str, Any]]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="redress-bench-") as name,
        postgres() as server,
        _targets(server, Path(name)) as targets,
    ):
        for turn in range(rounds + 1):
            for target in targets:
                outcome = await _round(target, turn, seconds if turn else 2.0)
                if turn:  # the first round only warms up
                    outcomes.setdefault(target.name, []).append(outcome)
    return [_table(outcomes, rounds, seconds)]


@contextmanager
def _targets(server: Server, folder: Path) -> Iterator[list[Target]]:
    """Run the bare server and intake, each in a process of its own on the same PostgreSQL."""
    bare, api = free_port(), free_port()
    for database in ("bare", "redress_intake", "redress_log"):
        server.create_database(database)
    variables = environment(
        server, folder, REDRESS_INTAKE_API_PORT=str(api), REDRESS_INTAKE_METRICS_PORT=str(free_port())
    )
    key = make_key(folder, "complaints:write", source_system="crm")
    migrate("intake", variables)
    with ExitStack() as stack:
        for arguments, port in (
            (["-m", "benchmarks.bare", str(bare), server.url("bare")], bare),
            (["-m", "intake", "api"], api),
        ):
            log = folder / f"{arguments[1]}.log"
            stack.enter_context(
                process(arguments, variables, log=log, ready=f"http://127.0.0.1:{port}/health/ready")
            )
        yield [Target("bare", bare), Target("intake", api, key, idempotency=True)]


async def _round(target: Target, turn: int, seconds: float) -> Mapping[str, Any]:
    outcome = await load(
        {
            "path": "/v1/complaints",
            "port": target.port,
            "key": target.key,
            "idempotency": target.idempotency,
            "body": BODY,
            "first": turn * 1_000_000,
            "connections": CONNECTIONS,
            "seconds": seconds,
        }
    )
    if set(outcome["statuses"]) != {"201"} or outcome["lost"]:
        raise RuntimeError(f"{target.name}: {outcome}")
    return outcome


def _table(outcomes: Mapping[str, list[Mapping[str, Any]]], rounds: int, seconds: float) -> Table:
    def of(name: str, field: str) -> float:
        return middle([float(outcome[field]) for outcome in outcomes[name]])

    def row(name: str, ratio: str, target: str) -> tuple[str, ...]:
        return (
            name,
            f"{of(name, 'rate'):,.0f}",
            f"{of(name, 'p50_ms'):.1f}",
            f"{of(name, 'p99_ms'):.1f}",
            ratio,
            target,
        )

    return Table(
        "POST /v1/complaints",
        f"One process, {CONNECTIONS} connections, median of {rounds} rounds of {seconds:g} s after a warm-up. bare: a"
        " FastAPI route with the same body model, server, pool and garbage collector settings, and one insert and"
        " commit by asyncpg.",
        ("", "per second", "p50 ms", "p99 ms", "against bare", "target"),
        (
            row("bare", "1.00", ""),
            row("intake", *at_least(of("intake", "rate") / of("bare", "rate"), TARGET)),
        ),
    )


if __name__ == "__main__":
    for table in asyncio.run(measure(quick=False)):
        print(table.text())
