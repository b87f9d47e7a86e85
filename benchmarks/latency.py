"""Time from the answer of an accepted POST until capa's API shows the nonconformity, idle and under load."""

import asyncio
import json
import math
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.create import BODY
from benchmarks.machine import load
from benchmarks.system import System, system
from benchmarks.tables import Table, below, percentile
from local.kafka import Broker, kafka_version, missing_tools

TARGET_MS: Final = 150.0
PER_SECOND: Final = 200
POLL: Final = 0.002
PATIENCE: Final = 60.0
"""Seconds after the last POST that what is not readable yet is waited for."""
_REST: Final = 0.02


@dataclass(slots=True)
class Watch:
    """Asks capa for the complaints that are not readable yet, one question at a time, in turn.

    One question at a time whatever is waiting, so that the watching itself is the same small load.
    """

    capa: httpx.AsyncClient
    waiting: deque[tuple[str, float]] = field(default_factory=deque)
    seconds: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            if self.waiting:
                complaint, accepted_at = self.waiting[0]  # it stays in the queue while capa is asked
                readable = await self._readable(complaint)
                self.waiting.popleft()
                if readable:
                    self.seconds.append(time.perf_counter() - accepted_at)
                else:
                    self.waiting.append((complaint, accepted_at))
            await asyncio.sleep(POLL)

    async def _readable(self, complaint: str) -> bool:
        answer = await self.capa.get("/v1/nonconformities", params={"complaint_id": complaint, "limit": 1})
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:  # no database connection was free in time
            return False
        return bool(answer.raise_for_status().json()["items"])

    async def all_read(self, within: float) -> None:
        """Wait until nothing is waiting any more, or for so many seconds."""
        end = time.perf_counter() + within
        while self.waiting and time.perf_counter() < end:  # noqa: ASYNC110  (another process's work is awaited)
            await asyncio.sleep(POLL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one series gave; a complaint that never became readable took for ever."""

    seconds: list[float]
    load: float = 0.0

    def row(self, name: str) -> tuple[str, ...]:
        """Write the series as a row."""
        p50 = percentile(self.seconds, 0.5) * 1000
        readable = sum(1 for second in self.seconds if math.isfinite(second))
        return (
            name,
            f"{self.load:.0f}",
            _milliseconds(p50),
            _milliseconds(percentile(self.seconds, 0.99) * 1000),
            f"{readable} of {len(self.seconds)}",
            "" if self.load else below(p50, TARGET_MS, "ms p50"),
        )


async def measure(*, quick: bool) -> list[Table]:
    """Measure both series on each transport."""
    number = 40 if quick else 200
    rows = await _both("embedded", number)
    if missing := missing_tools():
        print("NOT MEASURED on Kafka: " + " ".join(missing), file=sys.stderr)
        rows.append(("Kafka", "", "not measured: no Java or Maven", "", "", ""))
    else:
        with tempfile.TemporaryDirectory(prefix="redress-bench-") as name:
            async with Broker(Path(name)) as broker:
                rows += await _both(f"Kafka {kafka_version()}", number, kafka=broker.bootstrap_servers)
    note = (
        f"From the answer of an accepted POST until GET /v1/nonconformities of capa shows it, asked every"
        f" {POLL * 1000:g} ms; {number} complaints, whole system in real processes. Idle: one complaint at a time. Under load:"
        f" one every {1000 / _probes_per_second(number):.0f} ms beside {PER_SECOND} other POSTs a second, or as many as intake takes; what is not"
        f" readable {PATIENCE:g} s after the last one is given up."
    )
    columns = ("", "other POSTs per second", "p50 ms", "p99 ms", "became readable", "target")
    return [Table("From POST to the nonconformity", note, columns, tuple(rows))]


def _milliseconds(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) else f"over {PATIENCE * 1000:,.0f}"


def _probes_per_second(number: int) -> float:
    return number / (8.0 if number < 100 else 30.0)  # noqa: PLR2004  (the two lengths of a run)


async def _both(name: str, number: int, *, kafka: str | None = None) -> list[tuple[str, ...]]:
    with system(kafka=kafka) as running:
        await asyncio.to_thread(running.start)
        async with _clients(running) as (intake, watch):
            await _one_by_one(intake, watch, 10, "warm-up")
            watch.seconds.clear()
            await _one_by_one(intake, watch, number, "idle")
            idle = Outcome(list(watch.seconds))
            watch.seconds.clear()
            loaded = await _beside_load(running, intake, watch, number)
    return [idle.row(f"{name}, idle"), loaded.row(f"{name}, under load")]


@asynccontextmanager
async def _clients(running: System) -> AsyncIterator[tuple[httpx.AsyncClient, Watch]]:
    def client(service: str, role: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {running.key(role)}", "Content-Type": "application/json"}
        return httpx.AsyncClient(base_url=running.url(service), headers=headers, timeout=30, trust_env=False)

    async with client("intake", "crm") as intake, client("capa", "quality") as capa:
        watch = Watch(capa)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch.run())
            try:
                yield intake, watch
            finally:
                watching.cancel()


async def _post(intake: httpx.AsyncClient, watch: Watch, external_id: str) -> None:
    body = {**json.loads(BODY), "external_id": external_id}
    answer = await intake.post("/v1/complaints", json=body)
    accepted_at = time.perf_counter()
    watch.waiting.append((answer.raise_for_status().json()["id"], accepted_at))


async def _one_by_one(intake: httpx.AsyncClient, watch: Watch, number: int, name: str) -> None:
    for place in range(number):
        await _post(intake, watch, f"{name}-{place}")
        await watch.all_read(PATIENCE)
        if watch.waiting:
            raise RuntimeError(f"a complaint of an idle system was not readable within {PATIENCE:g} s")
        await asyncio.sleep(_REST)


async def _beside_load(running: System, intake: httpx.AsyncClient, watch: Watch, number: int) -> Outcome:
    seconds = number / _probes_per_second(number)
    pressing = asyncio.create_task(load(_load_task(running, seconds)))
    try:
        began = time.perf_counter()
        for place in range(number):
            await asyncio.sleep(max(0.0, began + place / _probes_per_second(number) - time.perf_counter()))
            await _post(intake, watch, f"loaded-{place}")
        outcome = await pressing
    finally:
        pressing.cancel()
    if set(outcome["statuses"]) != {"201"} or outcome["lost"]:
        raise RuntimeError(f"the load was not accepted: {outcome}")
    await watch.all_read(PATIENCE)
    return Outcome([*watch.seconds, *[math.inf] * (number - len(watch.seconds))], outcome["rate"])


def _load_task(running: System, seconds: float) -> Mapping[str, Any]:
    return {
        "path": "/v1/complaints",
        "port": int(running.url("intake").rpartition(":")[2]),
        "key": running.key("crm"),
        "idempotency": True,
        "body": BODY,
        "first": 1,
        "connections": 16,
        "seconds": seconds,
        "per_second": PER_SECOND,
    }
