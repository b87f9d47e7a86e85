"""Replicas on one machine: several APIs and workers of intake and capa on one PostgreSQL and one Kafka broker."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.load.loopback import Address, loopback
from benchmarks.load.target import Target
from benchmarks.machine import ROOT, end, environment, free_port, make_key, migrate, postgres, wait_for
from events.catalogue import ANNOUNCES, topic_of
from local.kafka import Broker, ensure_topics, redress_topics
from local.postgres import Server

MOST_REPLICAS: Final = 3
"""More would need more connections than the launcher's PostgreSQL gives."""
READY_WITHIN: Final = 180.0
"""Seconds; many processes start at once on few cores."""
_INTAKE_SCOPES: Final = ("complaints:write", "complaints:read")
_CAPA_SCOPES: Final = ("nonconformities:read",)


@dataclass(slots=True)
class Cluster:
    """What was started; the workers only when they are asked for, so that work can pile up before them."""

    target: Target
    replicas: int
    _starter: "_Starter"

    def start_workers(self) -> None:
        """Start all workers together and wait until each is ready."""
        numbers = {"intake": self.replicas, "capa": self.replicas, "notifier": 1}
        started = [
            self._starter.start(service, "worker", place)
            for service, number in numbers.items()
            for place in range(number)
        ]
        for each in started:
            each.wait()


@asynccontextmanager
async def cluster(*, replicas: int, partitions: int) -> AsyncIterator[Cluster]:
    """Start PostgreSQL, a broker, topics of so many partitions, intake's APIs and one of capa; gone afterwards."""
    with TemporaryDirectory(prefix="redress-load-") as name, postgres() as server:
        folder = Path(name)
        async with Broker(folder / "kafka") as broker:
            await ensure_topics(broker.bootstrap_servers, topics(partitions))
            variables = _prepare(server, folder, broker.bootstrap_servers)
            crm = make_key(folder, *_INTAKE_SCOPES, source_system="crm")
            quality = make_key(folder, *_CAPA_SCOPES)
            # Closed before the broker that its processes talk to.
            with ExitStack() as stack:
                starter = _Starter(stack, variables, folder)
                apis = [starter.start("intake", "api", place) for place in range(replicas)]
                capa = starter.start("capa", "api", 0)
                for process in (*apis, capa):
                    await asyncio.to_thread(process.wait)
                target = Target(
                    intake=tuple(process.api for process in apis),
                    capa=capa.api,
                    intake_key=crm,
                    capa_key=quality,
                    metrics={"intake": tuple(process.metrics for process in apis), "capa": (capa.metrics,)},
                    home=server.folder.parent,
                )
                yield Cluster(target, replicas, starter)


def topics(partitions: int) -> dict[str, int]:
    """Give Redress's topics with so many partitions for each service's own."""
    announced = {topic_of(service) for service in ANNOUNCES}
    return {topic: partitions if topic in announced else number for topic, number in redress_topics().items()}


def _prepare(server: Server, folder: Path, bootstrap: str) -> Mapping[str, str]:
    more = {"REDRESS_TRANSPORT": "kafka", "REDRESS_KAFKA_BOOTSTRAP_SERVERS": bootstrap}
    variables = environment(server, folder, **more)
    make_key(folder, *_CAPA_SCOPES)  # the services read the file of keys at start
    for service in ("intake", "capa", "notifier"):
        server.create_database(f"redress_{service}")
        migrate(service, variables)
    return variables


@dataclass(frozen=True, slots=True)
class _Process:
    """A process that was started, with the addresses of its API and of its metrics."""

    process: "subprocess.Popen[bytes]"
    log: Path
    api: Address
    metrics: Address

    def wait(self) -> None:
        """Wait until it is ready; raises RuntimeError with the end of its log where it does not become so."""
        wait_for(f"{self.metrics.url}/health/ready", self.process, self.log, seconds=READY_WITHIN)


@dataclass(frozen=True, slots=True)
class _Starter:
    """Starts processes that end with the stack."""

    stack: ExitStack
    variables: Mapping[str, str]
    folder: Path

    def start(self, service: str, role: str, place: int) -> _Process:
        """Start one process, without waiting for it."""
        api, metrics = free_port(), free_port()
        own = {
            f"REDRESS_{service.upper()}_API_PORT": str(api),
            f"REDRESS_{service.upper()}_METRICS_PORT": str(metrics),
        }
        log = self.folder / f"{service}-{role}-{place}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", service, role],
                env={**self.variables, **own},
                stdout=output,
                stderr=output,
                cwd=ROOT,
            )
        self.stack.callback(end, process)
        return _Process(
            process,
            log,
            loopback(f"http://127.0.0.1:{api}"),
            loopback(f"http://127.0.0.1:{metrics}/metrics"),
        )
