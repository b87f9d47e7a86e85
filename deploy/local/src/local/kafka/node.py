"""Runs one Kafka node: starts it, waits until it answers, stops it, kills it."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.errors import KafkaError  # type: ignore[import-untyped] # it ships no types

from events.kafka.admin import admin_of
from events.kafka.brokers import Brokers, Login
from local.kafka.birth import birth_of
from local.kafka.errors import BrokerError, PortBusyError
from local.kafka.guard import BROKER, Guard
from local.kafka.installation import Installation
from local.kafka.last_lines import last_lines
from local.kafka.plan import Plan
from local.kafka.ports import HOST, is_free
from local.kafka.record import Record, read_record, write_record
from local.kafka.waiting import READY_WITHIN, until

START_ATTEMPTS = 3
STOP_WITHIN = 15.0  # seconds of clean shutdown before the node is killed


@dataclass(eq=False)
class Node:
    """One broker and controller process with the folder that holds all that is its own."""

    folder: Path
    number: int
    port: int
    controller_port: int
    guard: Guard | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Where clients reach it, as host:port."""
        return f"{HOST}:{self.port}"

    @property
    def brokers(self) -> Brokers:
        """How the launcher itself reaches it."""
        if self.guard is None:
            return Brokers(self.address)
        users = self.guard.users
        login = Login("SCRAM-SHA-512", BROKER, users[BROKER]) if users else None
        return Brokers(self.address, self.guard.tls, login)

    @property
    def log(self) -> Path:
        """The file that the process writes its log to."""
        return self.folder / "kafka.log"

    def pid(self) -> int | None:
        """Find the process if it lives, whoever started it; a stale record counts as none."""
        if self._process is not None:
            # An own child is down only once its exit code is there; asking for it also clears the zombie away.
            if self._process.poll() is None:
                return self._process.pid
            self._process = None
        record = read_record(self.folder)
        return record.pid if record is not None and birth_of(record.pid) == record.birth else None

    async def start(
        self,
        installation: Installation,
        plan: Plan,
        *,
        attempts: int = START_ATTEMPTS,
        options: Sequence[str] = (),
    ) -> None:
        """Start the process unless it lives, and return once it answers; a failed start is tried again."""
        if self.pid() is not None:
            await self._adopt()
            return
        why = ""
        for _ in range(attempts):
            self._refuse_busy_ports()
            await asyncio.to_thread(self._prepare, installation, plan)
            try:
                self._spawn(installation, options)
                if await until(self._answers_or_ended, READY_WITHIN) and self.pid() is not None:
                    return
            except BaseException:
                await self.kill()
                raise
            why = (
                "ended while starting"
                if self.pid() is None
                else f"did not answer within {READY_WITHIN:.0f} s"
            )
            await self.kill()
        raise BrokerError(
            f"Kafka node {self.number} {why}, {attempts} times. {self.log} ends:\n{self._log_tail()}"
        )

    async def stop(self) -> None:
        """Shut down cleanly; kill what has not ended after STOP_WITHIN."""
        self._signal(signal.SIGTERM)
        if not await until(self._is_down, STOP_WITHIN):
            await self.kill()

    async def kill(self) -> None:
        """End the process with SIGKILL, as a power cut would; returns when it is gone."""
        self._signal(signal.SIGKILL)
        if not await until(self._is_down, STOP_WITHIN):
            raise BrokerError(f"Kafka node {self.number} (pid {self.pid()}) outlives SIGKILL")

    def wipe(self) -> None:
        """Throw the node's records away, as a new disk would; what it knows as a voter stays.

        A voter that forgot its votes could elect a controller that lacks committed metadata: a loss that Kafka
        never promised to survive, so it is not what is tested.
        """
        if self.pid() is not None:
            raise BrokerError(f"Kafka node {self.number} runs: stop or kill it before its data is wiped")
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    async def _adopt(self) -> None:
        """Take over a process that an earlier start left running."""
        record = read_record(self.folder)
        if record is not None and record.port != self.port:
            raise BrokerError(f"Kafka in {self.folder} runs already, on port {record.port}, not {self.port}")
        if not await until(self._answers_or_ended, READY_WITHIN) or self.pid() is None:
            raise BrokerError(
                f"Kafka node {self.number} runs but does not answer. {self.log} ends:\n{self._log_tail()}"
            )

    def _refuse_busy_ports(self) -> None:
        for port in (self.port, self.controller_port):
            if not is_free(port):
                raise PortBusyError(
                    f"port {port} is taken by another process: stop that, or choose another port"
                )

    def _prepare(self, installation: Installation, plan: Plan) -> None:
        """Write the configuration, and format the folders that are new."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.guard:
            self.guard.furnish(self.folder)
        (self.folder / "server.properties").write_text(plan.properties(self), encoding="utf-8")
        formatted = (self.folder / name / "meta.properties" for name in ("data", "metadata"))
        if all(meta.is_file() for meta in formatted):
            return
        options = ("--cluster-id", plan.cluster_id, "--config", "server.properties", "--ignore-formatted")
        users = self.guard.registrations() if self.guard else []
        done = subprocess.run(
            installation.command("kafka.tools.StorageTool", "format", *options, *users),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=READY_WITHIN,
        )
        if done.returncode != 0:
            raise BrokerError(f"Kafka could not format {self.folder}:\n{last_lines(done.stdout)}")

    def _spawn(self, installation: Installation, options: Sequence[str]) -> None:
        """Start the process in a session of its own, so that Ctrl-C at the terminal leaves it alone."""
        command = installation.command(
            "kafka.Kafka", "server.properties", options=[*options, "-Dkafka.logs.dir=."]
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pid = self._process.pid
        write_record(self.folder, Record(pid, birth_of(pid) or "", self.port, self.controller_port))

    async def _answers_or_ended(self) -> bool:
        return self.pid() is None or await self._answers()

    async def _answers(self) -> bool:
        """Whether the node serves clients: it lists topics and counts itself among the brokers."""
        if is_free(self.port):
            return False  # spares aiokafka's complaints while nothing listens yet
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(5), admin_of(self.brokers) as admin:
                await admin.list_topics()
                cluster = await admin.describe_cluster()
                return any(broker["node_id"] == self.number for broker in cluster["brokers"])
        return False

    async def _is_down(self) -> bool:
        return self.pid() is None

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _log_tail(self) -> str:
        return (
            last_lines(self.log.read_text(encoding="utf-8", errors="replace")) if self.log.is_file() else ""
        )
