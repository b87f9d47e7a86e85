"""Keeps a few processes running: starts them, starts again what ends, and stops them all within a bound."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes
from local.places import read_json, write_json
from local.processes import Process

LARGEST_LOG = 20_000_000
"""Bytes of a process's log that are kept before its next start begins a new one."""

HOPELESS = 2
"""The exit code by which a process says that it was told something wrong; starting it again changes nothing."""

_ATTEMPTS = 3
_SETTLED_SECONDS = 60.0
_POLL_SECONDS = 0.1


class StartFailedError(Exception):
    """A process did not become ready; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run under which name, where its log goes, and how to tell that it is ready."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[bool]]


class Supervisor:
    """Runs each program in a session of its own and keeps it running until told to stop.

    Whatever it starts is written to `record` with its starting time, so that the next supervisor can stop what a
    killed one left behind. `say` gets one sentence for each thing that a person should know.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        *,
        record: Path,
        say: Callable[[str], None],
        first_delay: float = 0.5,
        longest_delay: float = 30.0,
    ) -> None:
        self._programs = {program.name: program for program in programs}
        self._record = record
        self._say = say
        self._first_delay = first_delay
        self._longest_delay = longest_delay
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._known: dict[str, Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._leaving = {name: asyncio.Event() for name in self._programs}
        self._ready: set[str] = set()
        self._failed: asyncio.Future[None] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The programs in the order in which they were given."""
        return tuple(self._programs)

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each program that runs at this moment."""
        return {name: process.pid for name, process in self._running.items()}

    async def start(self, *, within: float) -> None:
        """Start every program and wait until all are ready; raises StartFailedError with the end of a log."""
        self._failed = asyncio.get_running_loop().create_future()
        for name, program in self._programs.items():
            self._keepers[name] = asyncio.create_task(self._keep(program), name=f"keep {name}")
        waits = [asyncio.create_task(self._until_ready(program)) for program in self._programs.values()]
        readiness = asyncio.ensure_future(asyncio.wait(waits))
        watched: set[asyncio.Future[Any]] = {readiness, self._failed}
        try:
            await asyncio.wait(watched, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            if not readiness.done():
                raise StartFailedError(self._late(within))
        finally:
            for task in (readiness, *waits):
                task.cancel()
            await asyncio.gather(readiness, *waits, return_exceptions=True)

    def _late(self, within: float) -> str:
        late = [program for name, program in self._programs.items() if name not in self._ready]
        return "\n".join(
            f"{program.name} was not ready within {within:g} s.{log_end(program.log)}" for program in late
        )

    async def stop(self, names: Iterable[str], *, within: float, hurry: asyncio.Event | None = None) -> None:
        """Ask the named programs to end; kill what still runs after `within` seconds or as soon as `hurry` is set."""
        keepers = [keeper for name in names if (keeper := self._leave(name)) is not None]
        if not keepers:
            return
        ended = asyncio.ensure_future(asyncio.wait(keepers))
        hurried = asyncio.ensure_future((hurry or asyncio.Event()).wait())
        await asyncio.wait({ended, hurried}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        for name, process in list(self._running.items()):
            if self._leaving[name].is_set():
                self._say(f"{name} did not end by itself and is killed.")
                _signal(process, signal.SIGKILL)
        await ended

    def _leave(self, name: str) -> asyncio.Task[None] | None:
        # The keeper is never cancelled: it might be in the middle of a start, whose process would then be lost.
        self._leaving[name].set()
        if (process := self._running.get(name)) is not None:
            _signal(process, signal.SIGTERM)
        return self._keepers.get(name)

    async def _keep(self, program: Program) -> None:
        delay, attempts = self._first_delay, 0
        loop, leaving = asyncio.get_running_loop(), self._leaving[program.name]
        while not leaving.is_set():
            began = loop.time()
            try:
                process = await self._spawn(program)
            except OSError as error:
                self._fail(f"{program.name} cannot be started: {error}")
                return
            code = await process.wait()
            self._forget(program.name)
            if leaving.is_set():
                return
            attempts += 1
            if program.name not in self._ready and (code == HOPELESS or attempts >= _ATTEMPTS):
                self._fail(f"{program.name} {_ending(code)} before it was ready.{log_end(program.log)}")
                return
            if loop.time() - began > _SETTLED_SECONDS:
                delay = self._first_delay
            self._say(
                f"{program.name} {_ending(code)}; it is started again in {delay:g} s. Its log: {program.log}"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), delay)
            delay = min(delay * 2, self._longest_delay)

    async def _spawn(self, program: Program) -> asyncio.subprocess.Process:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        if program.log.exists() and program.log.stat().st_size > LARGEST_LOG:
            program.log.replace(program.log.with_name(program.log.name + ".1"))
        with program.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                env=dict(program.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C at a terminal reaches a whole process group; the order of stopping is the supervisor's.
                start_new_session=True,
            )
        self._running[program.name] = process
        if (known := processes.find(process.pid)) is not None:
            self._known[program.name] = known
            self._write_record()
        if self._leaving[program.name].is_set():  # told to stop while it was being started
            _signal(process, signal.SIGTERM)
        return process

    def _forget(self, name: str) -> None:
        self._running.pop(name, None)
        self._known.pop(name, None)
        self._write_record()

    def _write_record(self) -> None:
        write_json(self._record, {name: [known.pid, known.started] for name, known in self._known.items()})

    async def _until_ready(self, program: Program) -> None:
        while not (program.name in self._running and await program.ready()):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(_POLL_SECONDS)
        self._ready.add(program.name)

    def _fail(self, reason: str) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(StartFailedError(reason))
            self._failed.exception()  # marks it as seen; `start` raises it if it still waits
        else:
            self._say(reason)


def stop_leftovers(record: Path, *, within: float) -> list[str]:
    """Stop what a killed supervisor left running, and only that; return the names. Removes the record."""
    left = {}
    for name, entry in (read_json(record) or {}).items():
        process = Process(*entry)
        if process.alive:
            left[name] = process
    processes.stop(*left.values(), within=within)
    record.unlink(missing_ok=True)
    return list(left)


def log_end(log: Path, lines: int = 15) -> str:
    """Quote the last lines of a log for a message; empty when there are none."""
    try:
        end = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "\n".join(["", f"The end of {log}:", *(f"  {line}" for line in end)]) if end else ""


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
