"""A real Prometheus on loopback that scrapes what a test names, with the committed rules."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.waiting import until

RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "rules"
SCRAPE_INTERVAL = 1.0
"""Seconds."""


def need_prometheus() -> str:
    """Give the program's path, or leave the test out, saying how to get it; where CI=true, that is a failure."""
    if found := shutil.which("prometheus"):
        return found
    reason = "Prometheus is not installed; on Debian and Ubuntu: apt-get install prometheus"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


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
    """Run a Prometheus for the block; `targets` gives the address of each job, `host:port`."""
    program = need_prometheus()
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_config(targets)))
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:

            async def ready() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    return (await client.get("/-/ready")).is_success
                except httpx.TransportError:
                    return False

            await until(ready, seconds=30, what="Prometheus is ready")
            yield RunningPrometheus(url, client)
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
