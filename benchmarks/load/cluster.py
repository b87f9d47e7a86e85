"""Replicas on one machine: several APIs and workers of intake and capa on one PostgreSQL and one Kafka broker."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.load.loopback import Address, loopback
from benchmarks.load.target import Target
from benchmarks.machine import environment, free_port, make_key, migrate, postgres, process
from events.catalogue import ANNOUNCES, topic_of
from local.kafka import Broker, ensure_topics, redress_topics
from local.postgres import Server

MOST_REPLICAS: Final = 3
"""More would need more connections than the launcher's PostgreSQL gives."""
_INTAKE_SCOPES: Final = ("complaints:write", "complaints:read")
_CAPA_SCOPES: Final = ("nonconformities:read",)


@dataclass(slots=True)
class Cluster:
    """What was started; the workers only when they are asked for, so that work can pile up before them."""

    target: Target
    replicas: int
    _starter: "_Starter"

    def start_workers(self) -> dict[str, tuple[Address, ...]]:
        """Start every worker and wait until each is ready; gives their metrics by service."""
        replicas = {"intake": self.replicas, "capa": self.replicas, "notifier": 1}
        return {
            service: tuple(self._starter.start(service, "worker", place)[1] for place in range(number))
            for service, number in replicas.items()
        }


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
                capa, capa_metrics = starter.start("capa", "api", 0)
                target = Target(
                    intake=tuple(api for api, _ in apis),
                    capa=capa,
                    intake_key=crm,
                    capa_key=quality,
                    metrics={"intake": tuple(metrics for _, metrics in apis), "capa": (capa_metrics,)},
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
class _Starter:
    """Starts processes that end with the stack."""

    stack: ExitStack
    variables: Mapping[str, str]
    folder: Path

    def start(self, service: str, role: str, place: int) -> tuple[Address, Address]:
        """Start one process and wait until it is ready; gives the addresses of its API and of its metrics."""
        api, metrics = free_port(), free_port()
        own = {
            f"REDRESS_{service.upper()}_API_PORT": str(api),
            f"REDRESS_{service.upper()}_METRICS_PORT": str(metrics),
        }
        ready = f"http://127.0.0.1:{metrics}/health/ready"
        log = self.folder / f"{service}-{role}-{place}.log"
        self.stack.enter_context(
            process(["-m", service, role], {**self.variables, **own}, log=log, ready=ready)
        )
        return loopback(f"http://127.0.0.1:{api}"), loopback(f"http://127.0.0.1:{metrics}/metrics")
