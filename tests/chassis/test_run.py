import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from chassis.run import Heartbeat, Loop, http_loop, run_loops, waited_for
from chassis.settings import CannotStart

BOUND = 20


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(BOUND):
        while not condition():
            await asyncio.sleep(0.01)


def stop_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def test_a_signal_lets_every_loop_finish_its_work(registry: CollectorRegistry) -> None:
    finished: list[str] = []

    def working(name: str) -> Loop:
        async def run(stop: asyncio.Event) -> None:
            await stop.wait()
            finished.append(name)

        return Loop(name, run)

    running = asyncio.create_task(run_loops([working("a"), working("b")], registry=registry))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stop_process()
    assert await asyncio.wait_for(running, BOUND) == 0
    assert sorted(finished) == ["a", "b"]


async def test_a_loop_that_fails_or_ends_is_started_again_and_counted(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.run.FIRST_PAUSE_SECONDS", 0.001)
    runs = 0

    async def run(stop: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("once")
        if runs == 2:
            return
        await stop.wait()

    running = asyncio.create_task(run_loops([Loop("relay", run)], registry=registry))
    await until(lambda: runs == 3)
    stop_process()
    assert await asyncio.wait_for(running, BOUND) == 0
    assert registry.get_sample_value("loop_restarts_total", {"loop": "relay"}) == 2


async def test_one_loops_failure_does_not_disturb_the_others(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.run.FIRST_PAUSE_SECONDS", 0.001)
    starts = {"good": 0, "bad": 0}

    async def good(stop: asyncio.Event) -> None:
        starts["good"] += 1
        await stop.wait()

    async def bad(_: asyncio.Event) -> None:
        starts["bad"] += 1
        raise RuntimeError("again")

    running = asyncio.create_task(run_loops([Loop("good", good), Loop("bad", bad)], registry=registry))
    await until(lambda: starts["bad"] >= 3)
    stop_process()
    assert await asyncio.wait_for(running, BOUND) == 0
    assert starts["good"] == 1


async def test_work_that_does_not_end_in_time_is_cancelled_and_the_exit_code_says_so(
    registry: CollectorRegistry,
) -> None:
    cancelled = asyncio.Event()

    async def stubborn(_: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    running = asyncio.create_task(
        run_loops([Loop("stubborn", stubborn)], stop_timeout_seconds=0.05, registry=registry)
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stop_process()
    assert await asyncio.wait_for(running, BOUND) == 1
    assert cancelled.is_set()


async def test_a_second_signal_ends_at_once(registry: CollectorRegistry) -> None:
    stopping = asyncio.Event()

    async def stubborn(stop: asyncio.Event) -> None:
        await stop.wait()
        stopping.set()
        await asyncio.Event().wait()

    loops = [Loop("stubborn", stubborn)]
    running = asyncio.create_task(run_loops(loops, stop_timeout_seconds=3600, registry=registry))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stop_process()
    await asyncio.wait_for(stopping.wait(), BOUND)
    stop_process()
    assert await asyncio.wait_for(running, BOUND) == 128 + signal.SIGTERM


async def test_a_loop_that_cannot_start_ends_the_process_with_its_line(registry: CollectorRegistry) -> None:
    ended = asyncio.Event()

    async def hopeless(_: asyncio.Event) -> None:
        raise CannotStart("set REDRESS_X")

    async def other(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.set()

    with pytest.raises(CannotStart, match="REDRESS_X"):
        await asyncio.wait_for(
            run_loops([Loop("other", other), Loop("hopeless", hopeless)], registry=registry), BOUND
        )
    assert ended.is_set()


async def test_a_pause_ends_with_the_stop() -> None:
    stop = asyncio.Event()
    assert not await waited_for(stop, 0.001)
    stop.set()
    assert await asyncio.wait_for(waited_for(stop, 3600), BOUND)


def test_a_heartbeat_complains_of_too_long_a_silence() -> None:
    assert Heartbeat(3600).complaint() == ""
    assert Heartbeat(-1).complaint().startswith("silent for")
    assert Heartbeat().complaint() == ""


async def test_http_is_served_until_the_stop_and_what_was_begun_is_answered(
    registry: CollectorRegistry,
) -> None:
    ports: list[int] = []
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> PlainTextResponse:
        asked.set()
        await go_on.wait()
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", slow)])
    loop = http_loop("api", app, "127.0.0.1", 0, setting="REDRESS_API_PORT", on_ready=ports.append)
    running = asyncio.create_task(run_loops([loop], registry=registry))
    await until(lambda: ports)
    async with httpx.AsyncClient() as client:
        answering = asyncio.create_task(client.get(f"http://127.0.0.1:{ports[0]}/"))
        await asyncio.wait_for(asked.wait(), BOUND)
        stop_process()
        await until(lambda: not listens(ports[0]))
        go_on.set()
        assert (await asyncio.wait_for(answering, BOUND)).text == "done"
    assert await asyncio.wait_for(running, BOUND) == 0


async def test_answers_tell_the_time_of_now_however_long_it_serves(registry: CollectorRegistry) -> None:
    ports: list[int] = []
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    loop = http_loop("api", app, "127.0.0.1", 0, setting="REDRESS_API_PORT", on_ready=ports.append)
    running = asyncio.create_task(run_loops([loop], registry=registry))
    await until(lambda: ports)
    dates: set[str] = set()
    async with httpx.AsyncClient() as client, asyncio.timeout(BOUND):
        while len(dates) < 3:
            answer = await client.get(f"http://127.0.0.1:{ports[0]}/")
            dates.add(answer.headers["date"])
            told = parsedate_to_datetime(answer.headers["date"])
            assert abs((datetime.now(UTC) - told).total_seconds()) < 10
            await asyncio.sleep(0.1)
    stop_process()
    assert await asyncio.wait_for(running, BOUND) == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_a_busy_port_is_one_line_that_names_the_port_and_the_setting(
    registry: CollectorRegistry,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        loop = http_loop("api", Starlette(), "127.0.0.1", port, setting="REDRESS_INTAKE_API_PORT")
        with pytest.raises(CannotStart, match=rf"Port {port} .*REDRESS_INTAKE_API_PORT"):
            await asyncio.wait_for(run_loops([loop], registry=registry), BOUND)


async def test_an_address_that_is_none_is_said(registry: CollectorRegistry) -> None:
    loop = http_loop("api", Starlette(), "not an address", 0, setting="REDRESS_API_PORT")
    with pytest.raises(CannotStart, match="no address"):
        await asyncio.wait_for(run_loops([loop], registry=registry), BOUND)


PROCESS = """
import asyncio
from chassis.run import Loop, http_loop, run_loops, run_process
from starlette.applications import Starlette

async def serve():
    print(type(asyncio.get_running_loop()).__module__, flush=True)
    return await run_loops([http_loop("api", Starlette(), "127.0.0.1", PORT, setting="REDRESS_API_PORT",
                                      on_ready=lambda port: print("ready", port, flush=True))])

run_process(serve)
"""


async def start(tmp_path: Path, port: int) -> asyncio.subprocess.Process:
    file = tmp_path / "process.py"
    file.write_text(PROCESS.replace("PORT", str(port)))
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, str(file), stdout=pipe, stderr=pipe)


async def test_a_real_process_runs_on_uvloop_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    process = await start(tmp_path, 0)
    assert process.stdout is not None
    assert (await asyncio.wait_for(process.stdout.readline(), BOUND)).strip() == b"uvloop"
    assert (await asyncio.wait_for(process.stdout.readline(), BOUND)).startswith(b"ready")
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), BOUND)
    assert (process.returncode, errors) == (0, b"")


async def test_a_real_process_with_a_busy_port_ends_with_2_and_no_trace(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await start(tmp_path, taken.getsockname()[1])
        _, errors = await asyncio.wait_for(process.communicate(), BOUND)
    lines = [line for line in errors.decode().splitlines() if line.startswith("Port")]
    assert process.returncode == 2
    assert len(lines) == 1
    assert b"Traceback" not in errors
