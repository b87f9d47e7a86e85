"""Running a process: its loops, its signals, and an end within a bound."""

import asyncio
import contextlib
import gc
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp
from typing_extensions import override

from chassis.logging import get_logger
from chassis.settings import CannotStart
from chassis.telemetry import REGISTRY, loop_metrics
from chassis.tracing import finish_tracing, tracer

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0
_LEAST_BOUND_SECONDS: Final = 60.0
"""Longer than the longest pause before a loop that failed is started again, with its jitter."""
_LEAST_FLUSH_SECONDS: Final = 0.5
"""What spans are given to reach the collector where the loops have used up the stop's bound."""
_KEEP_ALIVE_SECONDS: Final = 30
_BACKLOG: Final = 2048
_TICK_SECONDS: Final = 1.0
"""How old the Date of an answer may be."""
_GC_THRESHOLDS: Final = (50_000, 20, 50)

log = get_logger("chassis.run")


class Heartbeat:
    """A loop's sign of life: the loop beats at every turn, empty ones too, and a probe asks how long it was silent."""

    def __init__(
        self, longest_silence_seconds: float | None = None, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.longest: Final = longest_silence_seconds
        """Seconds of silence that are one too long; None where any are borne."""
        self._seconds = seconds
        self._last = seconds()

    def beat(self) -> None:
        """Give a sign of life."""
        self._last = self._seconds()

    def silence(self) -> float:
        """Tell the seconds since the last sign of life."""
        return self._seconds() - self._last

    def complaint(self) -> str:
        """Say that the silence is too long, or give an empty text; without a bound it never is."""
        silence = self.silence()
        return f"silent for {silence:.0f} s" if self.longest is not None and silence > self.longest else ""


Beat = Callable[[], None]
"""Called by a loop at each turn, empty ones too."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that goes on until `stop` is set; when it fails or ends before, it is started again."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]
    heartbeat: Heartbeat = field(default_factory=Heartbeat)


def watched_loop(
    name: str,
    run: Callable[[asyncio.Event, Beat], Awaitable[None]],
    *,
    longest_turn_seconds: float,
    seconds: Callable[[], float] = time.monotonic,
) -> Loop:
    """Make a loop that makes the process count as dead once it has not turned for so long.

    `run` beats at every turn. The bound must be longer than whatever a turn waits for, such as the bounds of a database
    that is away and of a connection to it, or an outage would end the process.
    """
    heartbeat = Heartbeat(max(longest_turn_seconds, _LEAST_BOUND_SECONDS), seconds=seconds)

    async def turning(stop: asyncio.Event) -> None:
        await run(stop, heartbeat.beat)

    return Loop(name, turning, heartbeat)


def announce_loops(loops: Sequence[Loop], registry: CollectorRegistry = REGISTRY) -> None:
    """Put the restarts of each loop at 0."""
    for loop in loops:
        loop_metrics(registry).restarts.labels(loop.name)


async def run_loops(
    loops: Sequence[Loop], *, stop_timeout_seconds: float = 10.0, registry: CollectorRegistry = REGISTRY
) -> int:
    """Run the loops until SIGTERM or SIGINT, then let them finish; gives the exit code.

    0 is a clean end, 1 an end by cancellation after `stop_timeout_seconds`, 128 + n an end at once by a second signal.
    CannotStart from any loop stops the others and is raised. A loop that fails otherwise is logged, counted in
    `loop_restarts_total` and started again after a growing pause. Spans that wait for the collector are sent in what is
    left of the stop's bound, which ends the tracing of the process.
    """
    stop, now = asyncio.Event(), asyncio.Event()
    signals: list[int] = []
    announce_loops(loops, registry)

    def caught(number: int) -> None:
        signals.append(number)
        (now if stop.is_set() else stop).set()

    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, caught, number)
    try:
        return await _run_all(loops, stop, now, signals, stop_timeout_seconds, registry)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            running.remove_signal_handler(number)


async def _run_all(  # noqa: PLR0917 - the parts of run_loops, split to be read
    loops: Sequence[Loop],
    stop: asyncio.Event,
    now: asyncio.Event,
    signals: list[int],
    stop_timeout_seconds: float,
    registry: CollectorRegistry,
) -> int:
    tasks = {asyncio.create_task(_keep_running(loop, stop, registry), name=loop.name) for loop in loops}
    stopping, at_once = asyncio.create_task(stop.wait()), asyncio.create_task(now.wait())
    try:
        # A loop's task ends before the stop only when the loop cannot start at all.
        await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        until = time.monotonic() + stop_timeout_seconds
        log.info("stopping", loops=[task.get_name() for task in tasks if not task.done()])
        await _finish(tasks, at_once, stop_timeout_seconds)
        if tracer().recording and not at_once.done():
            await _send_spans(at_once, max(until - time.monotonic(), _LEAST_FLUSH_SECONDS))
    finally:
        left = [task.get_name() for task in tasks if not task.done()]
        await _cancel({stopping, at_once, *tasks})
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    if now.is_set():
        log.warning("stopped_at_once", loops=left)
        return 128 + signals[-1]
    if left:
        log.error("stopped_late", loops=left, stop_timeout_seconds=stop_timeout_seconds)
        return 1
    log.info("stopped")
    return 0


async def _finish(tasks: set[asyncio.Task[None]], at_once: asyncio.Task[bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while (working := {task for task in tasks if not task.done()}) and not at_once.done():
        remaining = until - time.monotonic()
        if remaining <= 0:
            return
        await asyncio.wait({at_once, *working}, timeout=remaining, return_when=asyncio.FIRST_COMPLETED)


async def _send_spans(at_once: asyncio.Task[bool], seconds: float) -> None:
    running, sent = asyncio.get_running_loop(), asyncio.Event()

    def send() -> None:
        finish_tracing(seconds)
        with contextlib.suppress(RuntimeError):  # the process has not waited, and its loop is gone
            running.call_soon_threadsafe(sent.set)

    # No thread of the loop's own pool, whose end the process would wait for after a second signal.
    threading.Thread(target=send, name="tracing-finish", daemon=True).start()
    sending = asyncio.create_task(sent.wait())
    await asyncio.wait({at_once, sending}, return_when=asyncio.FIRST_COMPLETED)
    sending.cancel()


async def _cancel(tasks: set[asyncio.Task[None] | asyncio.Task[bool]]) -> None:
    for task in tasks:
        task.cancel()
    # What swallows its cancellation is left behind: the process is about to end.
    await asyncio.wait(tasks, timeout=1.0)


async def _keep_running(loop: Loop, stop: asyncio.Event, registry: CollectorRegistry) -> None:
    restarts = loop_metrics(registry).restarts.labels(loop.name)
    pause = FIRST_PAUSE_SECONDS
    while True:
        loop.heartbeat.beat()
        started = time.monotonic()
        try:
            await loop.run(stop)
            if stop.is_set():
                return
            log.error("loop_ended", loop=loop.name)
        except CannotStart:
            raise
        except Exception:
            log.exception("loop_failed", loop=loop.name)
            if stop.is_set():
                return
        restarts.inc()
        if time.monotonic() - started > _STEADY_SECONDS:
            pause = FIRST_PAUSE_SECONDS
        if await waited_for(stop, pause * random.uniform(0.5, 1.5)):  # noqa: S311 - jitter, not a secret
            return
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def waited_for(stop: asyncio.Event, seconds: float) -> bool:
    """Pause for some seconds or until the stop, whichever is first; tells whether it was the stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()


def http_loop(
    name: str,
    app: ASGIApp,
    host: str,
    port: int,
    *,
    setting: str,
    stop_timeout_seconds: float = 10.0,
    on_ready: Callable[[int], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
) -> Loop:
    """Make the loop that serves an application over HTTP; raises CannotStart naming `setting` where the port is taken.

    After start-up, what lives as long as the process is taken out of the garbage collector's sight. `on_ready` is told
    the port, which differs from the one asked for where that is 0; `on_stopping` lets requests go that wait for something.
    """

    async def run(stop: asyncio.Event) -> None:
        listening = _listen(host, port, setting)
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, int(stop_timeout_seconds) - 1),
        )
        server = _Server(
            config,
            stop,
            lambda: on_ready(listening.getsockname()[1]) if on_ready else None,
            on_stopping or (lambda: None),
        )
        heartbeat = asyncio.create_task(_beat(loop.heartbeat))
        try:
            await server.serve_until_stopped(listening)
        finally:
            heartbeat.cancel()
            listening.close()

    loop = Loop(name, run)
    return loop


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to `run_loops`."""

    def __init__(
        self,
        config: uvicorn.Config,
        stop: asyncio.Event,
        on_ready: Callable[[], None],
        on_stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._on_ready = on_ready
        self._on_stopping = on_stopping

    async def serve_until_stopped(self, listening: socket.socket) -> None:
        """Serve on a bound socket until the stop is set and what was begun is answered."""
        try:
            await self.serve(sockets=[listening])
        except SystemExit as error:  # uvicorn's way to say that the application's start-up failed
            raise RuntimeError("the application's start-up failed") from error

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        self._on_ready()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    @override
    async def main_loop(self) -> None:
        # uvicorn would look ten times a second whether it is to stop. Its tick sets the Date of answers.
        while not await self.on_tick(0) and not await waited_for(self._stop, _TICK_SECONDS):
            pass
        self._on_stopping()
        self.should_exit = True


async def _beat(heartbeat: Heartbeat) -> None:
    while True:
        heartbeat.beat()
        await asyncio.sleep(1)


def _listen(host: str, port: int, setting: str) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotStart(
            f"{host} is no address to listen on ({error.strerror}): correct it beside {setting}."
        ) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise CannotStart(
            f"Port {port} on {host} cannot be used ({error.strerror}): stop what uses it, or set {setting} to another port."
        ) from None
    return listening


def run_process(main: Callable[[], Awaitable[int]]) -> NoReturn:
    """Run a process to its exit code on uvloop; CannotStart ends it with its one line on stderr and exit code 2."""
    try:
        code = _run(main)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    sys.exit(code)


def _run(main: Callable[[], Awaitable[int]]) -> int:
    async def whole() -> int:
        return await main()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(whole())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop
