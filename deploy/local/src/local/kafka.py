"""A real Apache Kafka on this machine, without Docker: for `make kafka`, and for tests that need a broker.

Maven fetches the broker's jars once into a cache outside the clone; the brokers run in KRaft mode with small heaps
and listen on loopback only. Each node keeps its configuration, data, log and process id in a folder of its own, so
that a later process can find, stop or restart it.

    python -m local.kafka start [--port 9092] [--folder .redress/kafka]
    python -m local.kafka topics --bootstrap 127.0.0.1:9092
    python -m local.kafka status | stop | install
"""

import argparse
import asyncio
import base64
import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped] # it ships no types
from aiokafka.errors import KafkaError, for_code  # type: ignore[import-untyped] # the same
from typing_extensions import override

POM = Path(__file__).parents[2] / "kafka" / "pom.xml"
HOST = "127.0.0.1"
DEFAULT_PORT = 9092
DEFAULT_FOLDER = Path(".redress/kafka")
OLDEST_JAVA = 17

START_ATTEMPTS = 3
READY_WITHIN = 60.0  # seconds for one attempt; a loaded machine needs many times what an idle one does
STOP_WITHIN = 15.0  # seconds of clean shutdown before the node is killed
FETCH_WITHIN = 900.0  # seconds for Maven

LISTENS_TO = {
    "intake": ("capa", "notifier"),
    "capa": ("intake", "notifier"),
    "notifier": ("intake", "capa"),
}
"""Which announcing services each consumer group listens to."""

PARTITIONS = 6
"""Of each service's topic. Keys spread over them, so the number never changes once events are in."""

ALREADY_EXISTS = 36  # Kafka's error code for a topic that somebody else created meanwhile


class BrokerError(Exception):
    """Kafka could not be fetched, started or asked; the sentence says why and where to look."""


class ToolsMissingError(BrokerError):
    """Java or Maven is absent; the sentence says how to get each."""


class PortBusyError(BrokerError):
    """Another process listens on the port that the node needs."""


# --- what runs: Java, and the jars that Maven fetched ---


@dataclass(frozen=True)
class Installation:
    """A broker's jars, and the class data archive that halves its start where this Java could make one."""

    java: str
    jars: tuple[Path, ...]
    archive: Path | None = None

    def command(self, main_class: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        """Give the command line that runs one of Kafka's classes, with the options that every run shares."""
        # Class data sharing wants the same class path, in the same order, and the same collector each time.
        shared = (f"-XX:SharedArchiveFile={self.archive}",) if self.archive else ()
        return [
            self.java,
            *("-Xms32m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            *("-XX:+ExitOnOutOfMemoryError", "-Xshare:auto", *shared, *options),
            *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"),
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
            *("-cp", os.pathsep.join(map(str, self.jars)), main_class, *arguments),
        ]


def kafka_version() -> str:
    """Read the Kafka version that the POM names."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if found is None:
        raise BrokerError(f"{POM} names no kafka.version")
    return found[1]


def cache_folder() -> Path:
    """Where this Kafka version is kept: below REDRESS_KAFKA_CACHE, or `redress` in the user's cache folder."""
    if chosen := os.environ.get("REDRESS_KAFKA_CACHE"):
        root = Path(chosen)
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redress"
    return root.absolute() / f"kafka-{kafka_version()}"


def missing_tools() -> list[str]:
    """One sentence for each absent tool, with the way to get it; empty when a broker can run."""
    missing = []
    java = _java()
    if java is None or _java_major(_java_version(java)) < OLDEST_JAVA:
        missing.append(
            f"Java {OLDEST_JAVA} or later is missing: install a runtime (Debian, Ubuntu: apt-get install "
            "openjdk-17-jre-headless; macOS: brew install openjdk@17) and have `java` on PATH, or set JAVA_HOME."
        )
    if shutil.which("mvn") is None and not (cache_folder() / "libs").is_dir():
        missing.append(
            "Maven is missing, and the broker's jars are not in the cache: install it "
            "(Debian, Ubuntu: apt-get install maven; macOS: brew install maven)."
        )
    return missing


async def install() -> Installation:
    """Fetch the jars and make the class data archive unless the cache has them, and say where they are.

    Raises ToolsMissingError without Java or Maven, BrokerError when Maven cannot fetch.
    """
    if missing := missing_tools():
        raise ToolsMissingError("\n".join(missing))
    java = _java()
    assert java is not None  # noqa: S101 - missing_tools has just found it; this tells the type checker
    home = cache_folder()
    async with _locked(home / ".lock"):
        jars = await asyncio.to_thread(_fetched_jars, home / "libs")
        plain = Installation(java, jars)
        archive = home / f"classes-java-{_java_version(java)}.jsa"
        if not archive.is_file() and not await _archive_classes(plain, archive):
            return plain
        return replace(plain, archive=archive)


def _java() -> str | None:
    """Find the Java of JAVA_HOME, else the one on PATH."""
    if home := os.environ.get("JAVA_HOME"):
        return shutil.which("java", path=str(Path(home) / "bin"))
    return shutil.which("java")


def _java_version(java: str) -> str:
    """Ask this Java for its version, as in 17.0.15; empty when it will not say."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r'version "([^"]+)"', said.stderr)
    return found[1] if found else ""


def _java_major(version: str) -> int:
    """17 of 17.0.15, 8 of 1.8.0_402, 0 of what is no version."""
    found = re.match(r"(?:1\.)?(\d+)", version)
    return int(found[1]) if found else 0


def _fetched_jars(libs: Path) -> tuple[Path, ...]:
    """List the jars in a fixed order, fetched first if the folder is not there."""
    if not libs.is_dir():
        # The folder gets its name only when it is whole, so a fetch that was cut short leaves nothing to trust.
        shutil.rmtree(coming := libs.with_name("libs.coming"), ignore_errors=True)
        _fetch(coming)
        coming.rename(libs)
    return tuple(sorted(libs.glob("*.jar")))


def _fetch(folder: Path) -> None:
    """Have Maven copy the broker's jars into the folder, checksums compared."""
    command = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(POM)]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(
            [*command, *goal],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=FETCH_WITHIN,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"Maven did not fetch Kafka's jars within {FETCH_WITHIN:.0f} s") from error
    if done.returncode != 0:
        raise BrokerError(f"Maven could not fetch Kafka's jars:\n{_tail(done.stdout)}")


async def _archive_classes(plain: Installation, archive: Path) -> bool:
    """Let a throw-away broker write down its loaded classes on its way out; False where this Java cannot."""
    coming = archive.with_suffix(".coming")
    with tempfile.TemporaryDirectory(prefix="redress-kafka-") as folder:
        node = _Node(Path(folder), 1, port := _free_port(), _free_port({port}))
        plan = _Plan(_new_cluster_id(), (node,))
        try:
            await node.start(plain, plan, attempts=1, options=[f"-XX:ArchiveClassesAtExit={coming}"])
        except BrokerError:
            # Starts are slower without the archive and right all the same. If the broker itself is at fault,
            # the start that follows says so.
            return False
        await node.stop()
    return _put_in_place(coming, archive)


def _put_in_place(coming: Path, archive: Path) -> bool:
    if coming.is_file():
        coming.replace(archive)
    return archive.is_file()


# --- one node ---


@dataclass(frozen=True)
class _Plan:
    """What the nodes of one cluster agree on."""

    cluster_id: str
    nodes: tuple["_Node", ...]

    def properties(self, node: "_Node") -> str:
        """Write out the node's server.properties; folders are relative to the node's own, so no path needs escaping."""
        several = len(self.nodes) > 1
        copies = min(len(self.nodes), 3)
        in_sync = 2 if copies > 2 else 1  # noqa: PLR2004 - of three copies two must have a record; of fewer, one
        # Voters are fixed by address: a node may come back on another port, and any number of nodes is set up alike.
        voters = ",".join(f"{each.number}@{HOST}:{each.controller_port}" for each in self.nodes)
        listeners = f"PLAINTEXT://{HOST}:{node.port},CONTROLLER://{HOST}:{node.controller_port}"
        lines = {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "controller.quorum.voters": voters,
            "listeners": listeners,
            "advertised.listeners": listeners,
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": "data",
            "metadata.log.dir": "metadata",
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "unclean.leader.election.enable": "false",
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # A node that was killed may register again only when its last life has timed out, after 9 s by default.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # The compactor's table is 128 MiB by default, the greater part of what an idle broker holds.
            "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
            "num.network.threads": 2,
            "num.io.threads": 4,
        }
        if several:
            lines |= {
                "replica.lag.time.max.ms": 5000,
                # All nodes stop together. The last ones have no quorum left to hand their partitions over to and
                # would wait minutes for it.
                "controlled.shutdown.enable": "false",
            }
        return "".join(f"{name}={value}\n" for name, value in lines.items())


@dataclass(frozen=True)
class _Record:
    """What a node's folder remembers of its last start: the process, told apart by its birth, and the ports."""

    pid: int
    birth: str
    port: int
    controller_port: int


@dataclass(eq=False)
class _Node:
    """One broker and controller process with the folder that holds all that is its own."""

    folder: Path
    number: int
    port: int
    controller_port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    def pid(self) -> int | None:
        """Find the process if it lives, whoever started it; a stale record counts as none."""
        if self._process is not None:
            # An own child is down only once its exit code is there; asking for it also clears the zombie away.
            if self._process.poll() is None:
                return self._process.pid
            self._process = None
        record = _read_record(self.folder)
        return record.pid if record is not None and _birth(record.pid) == record.birth else None

    async def start(
        self,
        installation: Installation,
        plan: _Plan,
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
                if await _until(self._answers_or_ended, READY_WITHIN) and self.pid() is not None:
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
        if not await _until(self._is_down, STOP_WITHIN):
            await self.kill()

    async def kill(self) -> None:
        """End the process with SIGKILL, as a power cut would; returns when it is gone."""
        self._signal(signal.SIGKILL)
        if not await _until(self._is_down, STOP_WITHIN):
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
        record = _read_record(self.folder)
        if record is not None and record.port != self.port:
            raise BrokerError(f"Kafka in {self.folder} runs already, on port {record.port}, not {self.port}")
        if not await _until(self._answers_or_ended, READY_WITHIN) or self.pid() is None:
            raise BrokerError(
                f"Kafka node {self.number} runs but does not answer. {self.log} ends:\n{self._log_tail()}"
            )

    def _refuse_busy_ports(self) -> None:
        for port in (self.port, self.controller_port):
            if not _is_free(port):
                raise PortBusyError(
                    f"port {port} is taken by another process: stop that, or choose another port"
                )

    def _prepare(self, installation: Installation, plan: _Plan) -> None:
        """Write the configuration, and format the folders that are new."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(plan.properties(self), encoding="utf-8")
        formatted = (self.folder / name / "meta.properties" for name in ("data", "metadata"))
        if all(meta.is_file() for meta in formatted):
            return
        options = ("--cluster-id", plan.cluster_id, "--config", "server.properties", "--ignore-formatted")
        done = subprocess.run(
            installation.command("kafka.tools.StorageTool", "format", *options),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=READY_WITHIN,
        )
        if done.returncode != 0:
            raise BrokerError(f"Kafka could not format {self.folder}:\n{_tail(done.stdout)}")

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
        _write_record(self.folder, _Record(pid, _birth(pid) or "", self.port, self.controller_port))

    async def _answers_or_ended(self) -> bool:
        return self.pid() is None or await self._answers()

    async def _answers(self) -> bool:
        """Whether the node serves clients: it lists topics and counts itself among the brokers."""
        if _is_free(self.port):
            return False  # spares aiokafka's complaints while nothing listens yet
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(5), _admin(self.address) as admin:
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
        return _tail(self.log.read_text(encoding="utf-8", errors="replace")) if self.log.is_file() else ""


def _read_record(folder: Path) -> _Record | None:
    try:
        return _Record(**json.loads((folder / "node.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # never started, or the write was cut short


def _write_record(folder: Path, record: _Record) -> None:
    coming = folder / "node.json.coming"
    coming.write_text(json.dumps(asdict(record)), encoding="utf-8")
    coming.replace(folder / "node.json")


# --- clusters ---


class Cluster:
    """Some Kafka nodes on this machine, each broker and controller; data stays in the folder between runs.

    Nodes are numbered from 1. Used as an async context manager, it is started on entry and stopped on exit. With
    three nodes a topic of replication 3 keeps every acknowledged record while any one of them is dead.
    """

    def __init__(self, folder: Path, nodes: int = 3, *, ports: Sequence[int] = ()) -> None:
        """Without ports each node takes the one that it had before, or a free one."""
        self._folder = folder.absolute()
        folders = [self._folder / f"node-{number}" for number in range(1, nodes + 1)]
        records = [_read_record(folder) for folder in folders]
        # A node that runs counts on the others' ports, so these stay; a cluster that is all down may move.
        lives = any(record is not None and _birth(record.pid) == record.birth for record in records)
        taken = set(ports)

        def choose(before: int | None) -> int:
            fits = before is not None and before not in taken and (lives or _is_free(before))
            chosen = before if fits and before is not None else _free_port(taken)
            taken.add(chosen)
            return chosen

        self._nodes = tuple(
            _Node(
                folder,
                number,
                port=ports[number - 1] if ports else choose(record.port if record else None),
                controller_port=choose(record.controller_port if record else None),
            )
            for number, (folder, record) in enumerate(zip(folders, records, strict=True), start=1)
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all nodes, as clients take them: host:port, separated by commas."""
        return ",".join(node.address for node in self._nodes)

    def pid(self, node: int) -> int | None:
        """Give the process id of a node, None if it is down."""
        return self._node(node).pid()

    def log(self, node: int) -> Path:
        """Name the file that the node's log goes to."""
        return self._node(node).log

    async def start(self) -> None:
        """Start every node that does not run; returns when each of them answers.

        Raises BrokerError with the end of the node's log when one does not start, and leaves none behind that
        this call started.
        """
        installation = await install()
        plan = _Plan(_cluster_id(self._folder), self._nodes)
        down = [node for node in self._nodes if node.pid() is None]
        starts = [node.start(installation, plan) for node in self._nodes]
        failed = [
            error for error in await asyncio.gather(*starts, return_exceptions=True) if error is not None
        ]
        if failed:
            await asyncio.gather(*(node.kill() for node in down))
            raise failed[0]

    async def stop(self) -> None:
        """Stop every node cleanly, within a bound."""
        await asyncio.gather(*(node.stop() for node in self._nodes))

    async def kill(self, node: int) -> None:
        """Kill one node with SIGKILL; returns when it is gone."""
        await self._node(node).kill()

    async def restart(self, node: int) -> None:
        """Start one node again, on its old port and data, after stopping it if it runs; returns when it answers."""
        await self._node(node).stop()
        await self._node(node).start(await install(), _Plan(_cluster_id(self._folder), self._nodes))

    def wipe(self, node: int) -> None:
        """Throw the records of a stopped node away, as a new disk would; its votes as a controller stay."""
        self._node(node).wipe()

    def _node(self, number: int) -> _Node:
        return self._nodes[number - 1]


class Broker(Cluster):
    """One Kafka node on this machine; data stays in the folder between runs."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """Without a port it takes the one that it had before, or a free one."""
        super().__init__(folder, 1, ports=() if port is None else (port,))

    @override
    def pid(self, node: int = 1) -> int | None:
        """Give the process id, None if it is down."""
        return super().pid(node)

    @override
    def log(self, node: int = 1) -> Path:
        """Name the file that the broker's log goes to."""
        return super().log(node)

    @override
    async def kill(self, node: int = 1) -> None:
        """Kill it with SIGKILL; returns when it is gone."""
        await super().kill(node)

    @override
    async def restart(self, node: int = 1) -> None:
        """Start it again, on its old port and data, after stopping it if it runs; returns when it answers."""
        await super().restart(node)

    @override
    def wipe(self, node: int = 1) -> None:
        """Throw its records away while it is stopped."""
        super().wipe(node)


def _cluster_id(folder: Path) -> str:
    """Read the id that the cluster in this folder was formatted with, made on first use."""
    file = folder / "cluster.id"
    if file.is_file():
        return file.read_text(encoding="utf-8").strip()
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(made := _new_cluster_id(), encoding="utf-8")
    return made


def _new_cluster_id() -> str:
    """16 random bytes in URL-safe base64 as Kafka writes ids; a leading dash would read as an option."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


# --- topics ---


def redress_topics() -> dict[str, int]:
    """Every topic of Redress and its number of partitions: one a service, and each group's dead letters."""
    announced = {f"redress.{service}": PARTITIONS for service in LISTENS_TO}
    dead = {
        f"redress.{source}.{group}.dead": 1 for group, sources in LISTENS_TO.items() for source in sources
    }
    return announced | dead


async def ensure_topics(
    bootstrap: str,
    topics: Mapping[str, int],
    replication: int | None = None,
    configs: Mapping[str, str] | None = None,
) -> list[str]:
    """Create the topics that are absent, wait until every partition has a leader, and say which are new.

    Without a replication each topic has a copy on every broker, up to three; configs apply to each new topic. Raises BrokerError when
    a topic exists with another number of partitions (events of one key would be split) or cannot be created.
    """
    async with _admin(bootstrap) as admin:
        known = await admin.list_topics()
        copies = replication or min(3, len((await admin.describe_cluster())["brokers"]))
        absent = sorted(set(topics) - set(known))
        wanted = [NewTopic(name, topics[name], copies, topic_configs=dict(configs or {})) for name in absent]
        created = await _create(admin, wanted) if wanted else []

        async def led() -> bool:
            return _all_led(await admin.describe_topics(list(topics)), topics)

        if not await _until(led, READY_WITHIN):
            raise BrokerError(
                f"not every partition has a leader after {READY_WITHIN:.0f} s: {', '.join(topics)}"
            )
        return created


async def _create(admin: Any, wanted: Sequence[NewTopic]) -> list[str]:
    """Create the topics; one that another process created meanwhile is as good, and is not named."""
    response = await admin.create_topics(wanted)
    created = []
    for name, code, *message in response.topic_errors:
        if code not in {0, ALREADY_EXISTS}:
            raise BrokerError(f"topic {name} could not be created: {for_code(code).__name__} {message}")
        if code == 0:
            created.append(name)
    return created


def _all_led(described: Sequence[Mapping[str, Any]], topics: Mapping[str, int]) -> bool:
    """Whether each topic is known with all its partitions led; refuses one of another size."""
    for topic in described:
        name, found = topic["topic"], topic["partitions"]
        if topic["error_code"] != 0:
            return False
        if len(found) != topics[name]:
            raise BrokerError(f"topic {name} has {len(found)} partitions, not {topics[name]}")
        if any(partition["error_code"] != 0 or partition["leader"] < 0 for partition in found):
            return False
    return True


@contextlib.asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[Any]:
    """Lend a connected admin client, closed whatever happens."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


# --- the machine ---


async def _until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Ask again and again until the condition holds; False when it does not within the bound."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


@contextlib.asynccontextmanager
async def _locked(file: Path) -> AsyncIterator[None]:
    """One process at a time; the lock goes with the process that held it."""
    await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
    with _opened(file) as descriptor:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _birth(pid: int) -> str | None:
    """When the process began, in the system's own words, to tell it from a later one with its id; None if it ended."""
    if Path("/proc/self/stat").is_file():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The name in brackets may hold anything; what follows the last bracket starts with the state.
        fields = stat.rpartition(")")[2].split()
        state, threads, began = fields[0], int(fields[17]), fields[19]
        # A process whose first thread has ended shows as a zombie, and holds its files until its last one has.
        return None if state in "ZX" and threads <= 1 else began
    asked = ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    state, _, began = said.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def _is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port(taken: Collection[int] = ()) -> int:
    """Find a free loopback port below the range that clients' own ends are taken from.

    From that range a client could take the port of a node while it is dead, and the node could not come back.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        if port not in taken and _is_free(port):
            return port
    raise BrokerError("no free port found between 20000 and 32000")


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-15:])


# --- the command line ---


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when done, 1 when Kafka failed, 2 when the port or a tool stands in the way, 3 when down."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_COMMANDS[options.command](options))
    except (ToolsMissingError, PortBusyError) as error:
        print(error, file=sys.stderr)
        return 2
    except (BrokerError, KafkaError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.kafka", description="A Kafka broker on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="fetch the broker's jars into the cache")
    for name, says in (
        ("start", "start the broker, or find it running"),
        ("stop", "stop the broker; its data stays"),
        ("status", "say whether it runs, where, and where its data lies"),
    ):
        command = commands.add_parser(name, help=says)
        command.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="default: %(default)s")
        if name == "start":
            command.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    topics = commands.add_parser("topics", help="create the topics of Redress that are absent")
    topics.add_argument(
        "--bootstrap", default=f"{HOST}:{DEFAULT_PORT}", help="host:port, default: %(default)s"
    )
    topics.add_argument(
        "--replication", type=int, help="copies of each record, default: one on every broker, up to three"
    )
    return parser


async def _run_install(_: argparse.Namespace) -> int:
    installation = await install()
    print(f"Kafka {kafka_version()}: {len(installation.jars)} jars in {cache_folder()}")
    return 0


async def _run_start(options: argparse.Namespace) -> int:
    broker = Broker(options.folder, options.port)
    was = broker.pid()
    if was is None:
        first = "" if (cache_folder() / "libs").is_dir() else "; this first time its jars are fetched"
        print(f"Starting Kafka {kafka_version()}{first}.", flush=True)
    await broker.start()
    print(f"Kafka {'runs already' if was else 'answers'} on {broker.bootstrap_servers} (pid {broker.pid()}).")
    print(f"Data and log: {broker.log().parent}")
    return 0


async def _run_stop(options: argparse.Namespace) -> int:
    broker = Broker(options.folder)
    if broker.pid() is None:
        print("Kafka is not running.")
        return 0
    await broker.stop()
    print("Kafka has stopped; its data stays.")
    return 0


async def _run_status(options: argparse.Namespace) -> int:
    broker = Broker(options.folder)
    if broker.pid() is None:
        print("Kafka is not running.")
        return 3
    print(f"Kafka runs on {broker.bootstrap_servers} (pid {broker.pid()}).")
    print(f"Data and log: {broker.log().parent}")
    return 0


async def _run_topics(options: argparse.Namespace) -> int:
    topics = redress_topics()
    created = await ensure_topics(options.bootstrap, topics, options.replication)
    for name, partitions in topics.items():
        print(f"{'created' if name in created else 'there   '} {name} ({partitions} partitions)")
    return 0


_COMMANDS = {
    "install": _run_install,
    "start": _run_start,
    "stop": _run_stop,
    "status": _run_status,
    "topics": _run_topics,
}


if __name__ == "__main__":
    sys.exit(main())
