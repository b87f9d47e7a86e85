"""A real Prometheus, and a real exporter of PostgreSQL's figures, on loopback for the time of a test."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.outside_tools import need_tool
from tests.support.waiting import until

RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "rules"
SCRAPE_INTERVAL = 1.0
"""Seconds."""


def need_prometheus() -> None:
    """Leave the test out loudly where Prometheus or its exporter is missing."""
    need_tool("prometheus", "prometheus")
    need_tool("prometheus-postgres-exporter", "prometheus-postgres-exporter")


@dataclass(frozen=True, slots=True)
class RunningPrometheus:
    """A Prometheus that answers at a URL."""

    url: str
    client: httpx.AsyncClient

    async def number(self, query: str) -> float | None:
        """The value of the first series of a query's answer, or None where there is none."""
        answer = await self.client.post("/api/v1/query", data={"query": query})
        answer.raise_for_status()
        found: list[Any] = answer.json()["data"]["result"]
        return float(found[0]["value"][1]) if found else None


@asynccontextmanager
async def prometheus(folder: Path, targets: Mapping[str, str]) -> AsyncIterator[RunningPrometheus]:
    """Run a Prometheus with the committed rules; `targets` gives the address of each job, `host:port`."""
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_config(targets)))
    address = _free_address()
    command = [
        need_tool("prometheus", "prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address={address}",
    ]
    async with _running(command, {}, folder / "prometheus.log", f"http://{address}/-/ready") as client:
        yield RunningPrometheus(f"http://{address}", client)


@asynccontextmanager
async def postgres_exporter(folder: Path, database_url: str) -> AsyncIterator[str]:
    """Run an exporter of a PostgreSQL server's figures; gives its address, `host:port`."""
    address = _free_address()
    command = [
        need_tool("prometheus-postgres-exporter", "prometheus-postgres-exporter"),
        f"--web.listen-address={address}",
    ]
    environment = {"DATA_SOURCE_NAME": database_url}
    async with _running(command, environment, folder / "exporter.log", f"http://{address}/"):
        yield address


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return f"127.0.0.1:{held.getsockname()[1]}"


@asynccontextmanager
async def _running(
    command: Sequence[str], environment: Mapping[str, str], log: Path, ready_at: str
) -> AsyncIterator[httpx.AsyncClient]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        async with httpx.AsyncClient(base_url=ready_at.partition("/-/")[0], timeout=30) as client:

            async def ready() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    return (await client.get(ready_at)).is_success
                except httpx.TransportError:
                    return False

            await until(ready, seconds=30, what=f"{command[0]} is ready")
            yield client
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


def _config(targets: Mapping[str, str]) -> Mapping[str, Any]:
    jobs = [
        {"job_name": job, "static_configs": [{"targets": [address], "labels": {"role": "all"}}]}
        for job, address in targets.items()
    ]
    interval = f"{SCRAPE_INTERVAL:g}s"
    return {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [str(RULES / "*.yml")],
        "scrape_configs": jobs,
    }
