"""POST /v1/complaints, whole, against a bare route that does one insert: rate and p99, side by side."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import PEPPER, environment, free_port, load, postgres, process
from local.postgres import Server

BODY = json.dumps(
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


@dataclass(frozen=True)
class Target:
    """One server to be measured."""

    name: str
    port: int
    key: str = "none"
    idempotency: bool = False


def make_key(folder: Path, variables: dict[str, str]) -> str:
    """Make an API key for a CRM."""
    made = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "chassis.keys",
                "new",
                "--file",
                str(folder / "keys.json"),
                "--name",
                "bench",
            ),
            *("--actor", "system:crm", "--scope", "complaints:write", "--scope", "complaints:read"),
            *("--source-system", "crm"),
        ],
        env={**variables, "REDRESS_PEPPER": PEPPER},
        check=True,
        capture_output=True,
        text=True,
    )
    return next(word for word in made.stdout.split() if word.startswith("redress_"))


@contextmanager
def targets(server: Server, folder: Path) -> Iterator[list[Target]]:
    """Run the bare server and intake, each in a process of its own on the same PostgreSQL."""
    bare, api = free_port(), free_port()
    server.create_database("bare")
    server.create_database("redress_intake")
    server.create_database("redress_log")
    variables = environment(
        server, folder, REDRESS_INTAKE_API_PORT=str(api), REDRESS_INTAKE_METRICS_PORT=str(free_port())
    )
    key = make_key(folder, variables)
    subprocess.run(
        [sys.executable, "-m", "intake", "migrate"], env=variables, check=True, stdout=subprocess.DEVNULL
    )
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


async def measure(rounds: int = 3, seconds: float = 8.0, connections: int = 16) -> dict[str, Any]:
    """Measure each target in turn, round by round, and give the medians."""
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as name, postgres() as server:
        folder = Path(name)
        with targets(server, folder) as found:
            results: dict[str, list[dict[str, Any]]] = {target.name: [] for target in found}
            for turn in range(rounds + 1):
                for target in found:
                    outcome = await load(
                        {
                            "path": "/v1/complaints",
                            "port": target.port,
                            "key": target.key,
                            "idempotency": target.idempotency,
                            "body": BODY,
                            "first": turn * 1_000_000,
                            "connections": connections,
                            "seconds": seconds if turn else 2.0,
                        }
                    )
                    if set(outcome["statuses"]) != {"201"} or outcome["lost"]:
                        raise RuntimeError(f"{target.name}: {outcome}")
                    if turn:  # the first round only warms up
                        results[target.name].append(outcome)
    return {
        name: {
            field: median(outcome[field] for outcome in outcomes) for field in ("rate", "p50_ms", "p99_ms")
        }
        for name, outcomes in results.items()
    }


if __name__ == "__main__":
    for name, outcome in asyncio.run(measure()).items():
        print(name, {field: round(value, 1) for field, value in outcome.items()})
