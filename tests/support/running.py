"""The whole system as `make run` starts it, in real processes, with due times in seconds."""

import asyncio
import contextlib
import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from common.clock import utc_now
from events.catalogue import topic_of
from events.kafka.brokers import Brokers
from events.kafka.transport import KafkaTransport
from events.postgres.log import LogTransport
from events.postgres.loops import read_what_was_there
from events.transport import Received, Transport
from local.kafka import Broker
from tests.local.ports import free_ports
from tests.support.events import engine_of
from tests.support.waiting import until

CONFIG = Path(__file__).resolve().parents[2] / "config"
UP_WITHIN = 90.0
SERVICES = ("intake", "capa", "notifier")


@dataclass
class Pace:
    """How fast time makes things late in this system; `clocks` is the clock policy, else the one that is shipped."""

    clocks: str = "clocks.toml"
    due: str = "6s"
    escalation: str = "4s"
    settle_seconds: float = 0.5
    digest_window_seconds: float = 1.0


@dataclass
class RunningSystem:
    """Services, database and mailbox of one test, reached as a user reaches them."""

    home: Path
    environment: Mapping[str, str]
    output: Path
    process: "subprocess.Popen[bytes] | None" = None
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def start(self) -> None:
        """Start everything and wait until it is up."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local", "up"],
                env=dict(self.environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        await until(self._is_up, seconds=UP_WITHIN, what="the system is up")

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.trouble()
        return (self.home / "run.json").exists()

    @property
    def described(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads((self.home / "run.json").read_text())
        return found

    def url(self, service: str) -> str:
        """Where a service answers."""
        port = self.environment[f"REDRESS_{service.upper()}_API_PORT"]
        return f"http://127.0.0.1:{port}"

    def client(self, service: str, role: str) -> httpx.AsyncClient:
        """A client of a service with the key of a role."""
        keys = json.loads((self.home / "secrets" / "roles.json").read_text())
        client = httpx.AsyncClient(
            base_url=self.url(service), headers={"Authorization": f"Bearer {keys[role]}"}, timeout=30
        )
        self.clients.append(client)
        return client

    async def scrape(self, service: str) -> str:
        """What a service's process answers to Prometheus, in the text format."""
        port = self.environment[f"REDRESS_{service.upper()}_METRICS_PORT"]
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
        answer.raise_for_status()
        return answer.text

    def pid(self, name: str) -> int | None:
        """The process that runs a service now; None while it is being started again."""
        entry = json.loads((self.home / "processes.json").read_text()).get(name)
        return None if entry is None else int(entry[0])

    async def kill(self, name: str) -> None:
        """Kill a service's process, once it runs; the supervisor starts it again."""
        await until(lambda: self.pid(name) is not None, seconds=30, what=f"{name} runs")
        pid = self.pid(name)
        assert pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def kill_postgres(self) -> None:
        """Kill the database server, once it runs; the supervisor starts it again."""
        file = self.home / "postgres" / "postmaster.pid"
        await until(file.exists, seconds=30, what="PostgreSQL runs")
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text().splitlines()[0]), signal.SIGKILL)

    async def ready(self) -> None:
        """Wait until every service is ready again."""

        async def all_ready() -> bool:
            async with httpx.AsyncClient(timeout=2) as client:
                for service in SERVICES:
                    try:
                        answer = await client.get(f"{self.url(service)}/health/ready")
                    except httpx.TransportError:
                        return False
                    if answer.is_error:
                        return False
            return True

        await until(all_ready, seconds=60, what="every service is ready")

    def mails(self) -> list[EmailMessage]:
        """Every mail that was sent, oldest first."""
        found = []
        for path in sorted((self.home / "mail").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            found.append(message)
        return found

    async def events(self) -> list[Mapping[str, str]]:
        """Read the headers of every event that was announced so far, each partition in order."""
        if self.described["transport"] == "kafka":
            return await _read_all(KafkaTransport(Brokers(self.described["kafka"])))
        return await _read_all(LogTransport(engine_of(self.described["databases"]["redress_log"]), utc_now))

    def trouble(self) -> str:
        """What the processes said last, for a failing test."""
        logs = sorted((self.home / "logs").glob("*.log"))
        tails = [
            f"== {path.name}\n{path.read_text()[-2000:]}" for path in [self.output, *logs] if path.exists()
        ]
        return "\n".join(tails)

    async def halt(self) -> None:
        """Stop everything as Ctrl-C does, and keep the data."""
        for client in self.clients:
            await client.aclose()
        self.clients.clear()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self.process.wait, 20)

    async def stop(self) -> None:
        """Stop everything as Ctrl-C does, and throw the data away."""
        await self.halt()
        subprocess.run(
            [sys.executable, "-m", "local", "reset", "--yes"],
            env=dict(self.environment),
            check=False,
            capture_output=True,
            timeout=60,
        )


async def _read_all(transport: Transport) -> list[Mapping[str, str]]:
    """Read the topics from their beginning to where they end now, as a group that nobody else belongs to."""
    topics, group, stop = (
        [topic_of(service) for service in SERVICES],
        f"reader-{uuid4().hex}",
        asyncio.Event(),
    )
    found: list[Mapping[str, str]] = []

    async def handle(batch: Sequence[Received]) -> int:
        for received in batch:
            headers = {name: value.decode() for name, value in received.record.headers}
            found.append(headers | {"topic": received.record.topic, "key": received.record.key.decode()})
        return len(batch)

    reading = asyncio.create_task(transport.subscribe(topics, group).run(handle, stop))
    try:
        await read_what_was_there(transport, topics, group, stop)
    finally:
        stop.set()
        await asyncio.gather(reading, return_exceptions=True)
        await transport.close()
    return found


@asynccontextmanager
async def running_system(
    *, broker: Broker | None = None, pace: Pace | None = None
) -> AsyncIterator[RunningSystem]:
    """Run a system for the block: on the embedded log, or on a broker that has none of its topics yet."""
    pace = pace or Pace()
    with tempfile.TemporaryDirectory(prefix="redress-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        environment = {
            **os.environ,
            **free_ports(),
            "REDRESS_HOME": str(folder / "home"),
            "REDRESS_CAPA_TRIAGE_POLICY": str(_policy(folder, pace)),
            "REDRESS_INTAKE_CLOCK_POLICY": str(CONFIG / pace.clocks),
            "REDRESS_NOTIFIER_LADDERS": str(_ladders(folder, pace)),
            "REDRESS_NOTIFIER_SETTLE_SECONDS": str(pace.settle_seconds),
            "REDRESS_NOTIFIER_DIGEST_WINDOW_SECONDS": str(pace.digest_window_seconds),
        }
        if broker is not None:
            environment |= {
                "REDRESS_TRANSPORT": "kafka",
                "REDRESS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            }
        system = RunningSystem(folder / "home", environment, folder / "output.txt")
        try:
            await system.start()
            yield system
        except BaseException:
            sys.stderr.write(system.trouble())
            raise
        finally:
            await system.stop()


def _policy(folder: Path, pace: Pace) -> Path:
    text = (CONFIG / "triage.demo.toml").read_text()
    path = folder / "triage.toml"
    path.write_text(
        re.sub(r'^(critical|major|minor) = "\d+s"', rf'\1 = "{pace.due}"', text, flags=re.MULTILINE)
    )
    return path


def _ladders(folder: Path, pace: Pace) -> Path:
    text = (CONFIG / "ladders.demo.toml").read_text()
    path = folder / "ladders.toml"
    path.write_text(text.replace('"30s"', f'"{pace.escalation}"'))
    return path


def complaint(external_id: str, **changes: Any) -> dict[str, Any]:
    """A complaint that a CRM would post."""
    return {
        "external_id": external_id,
        "channel": "phone",
        "reported_severity": "major",
        "product": "credit-card",
        "category": "fees",
        "description": "I was charged twice and nobody answers.",
    } | changes


async def every_page(client: httpx.AsyncClient, path: str, **query: Any) -> Sequence[Mapping[str, Any]]:
    """Read a whole list, page by page."""
    items: list[Mapping[str, Any]] = []
    parameters: dict[str, Any] = {"limit": 100, **query}
    while True:
        answer = await client.get(path, params=parameters)
        answer.raise_for_status()
        page = answer.json()
        items += page["items"]
        if not page["has_more"]:
            return items
        parameters["cursor"] = page["next_cursor"]
