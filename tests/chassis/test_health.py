import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry

from chassis.database import open_engine
from chassis.health import Health, database_check, operations_app, watch_loop
from chassis.run import Beat, Heartbeat, Loop, watched_loop


async def idle(stop: asyncio.Event) -> None:
    await stop.wait()


async def well() -> None:
    return


async def ill() -> None:
    raise RuntimeError("password=hunter2")


async def stuck() -> None:
    await asyncio.Event().wait()


async def ask(health: Health, probe: str) -> httpx.Response:
    app = operations_app(health, CollectorRegistry())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://metrics") as client:
        return await client.get(f"/health/{probe}")


async def test_a_process_is_ready_when_every_check_passes(registry: CollectorRegistry) -> None:
    answer = await ask(Health({"database": well, "schema": well}, registry=registry), "ready")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"database": "ok", "schema": "ok"})
    assert registry.get_sample_value("dependency_up", {"dependency": "database"}) == 1


@pytest.mark.parametrize(("check", "said"), [(ill, "RuntimeError"), (stuck, "no answer within 0.05 s")])
async def test_a_failing_check_is_named_without_its_secrets(
    registry: CollectorRegistry, check: Callable[[], Awaitable[None]], said: str
) -> None:
    health = Health({"database": check, "schema": well}, registry=registry, timeout_seconds=0.05)
    answer = await ask(health, "ready")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": said, "schema": "ok"})
    assert registry.get_sample_value("dependency_up", {"dependency": "database"}) == 0


async def test_an_unreachable_database_makes_a_process_unready_but_not_dead(
    registry: CollectorRegistry,
) -> None:
    engine = open_engine("postgresql://redress@127.0.0.1:1/none", name="tests")
    health = Health({"database": database_check(engine)}, registry=registry)
    assert (await ask(health, "ready")).json()["checks"] == {"database": "DatabaseAway"}
    assert (await ask(health, "live")).status_code == 200


async def test_many_probes_at_once_ask_the_database_once(registry: CollectorRegistry) -> None:
    asked = 0

    async def counted() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    health = Health({"database": counted}, registry=registry)
    reports = await asyncio.gather(*(health.ready() for _ in range(10)))
    assert all(report.ok for report in reports)
    assert asked == 1


async def test_a_loop_that_falls_silent_is_dead_and_named(registry: CollectorRegistry) -> None:
    silent = Loop("relay", idle, Heartbeat(longest_silence_seconds=-1))
    lively = Loop("timers", idle, Heartbeat(longest_silence_seconds=60))
    answer = await ask(Health({}, [silent, lively], registry=registry), "live")
    assert answer.status_code == 503
    assert answer.json()["checks"]["relay"].startswith("silent for")
    assert answer.json()["checks"]["timers"] == "ok"
    assert registry.get_sample_value("loop_silence_seconds", {"loop": "relay"}) is not None


async def test_a_loop_without_a_bound_is_never_dead(registry: CollectorRegistry) -> None:
    assert Health({}, [Loop("mail", idle)], registry=registry).live().ok


class Stopwatch:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Turnstile:
    """A loop that turns once for each time that it is let through."""

    def __init__(self) -> None:
        self.turns = 0
        self.gate = asyncio.Semaphore(0)

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        while not stop.is_set():
            beat()
            self.turns += 1
            await self.gate.acquire()

    async def turned(self, times: int) -> None:
        async with asyncio.timeout(20):
            while self.turns < times:
                await asyncio.sleep(0.001)


async def test_a_loop_that_is_stuck_for_longer_than_its_own_bound_makes_the_process_dead_until_it_turns(
    registry: CollectorRegistry,
) -> None:
    stop, seconds, relay, tidy = asyncio.Event(), Stopwatch(), Turnstile(), Turnstile()
    loops = [
        watched_loop("relay", relay.run, longest_turn_seconds=100, seconds=seconds),
        watched_loop("tidy", tidy.run, longest_turn_seconds=1_000, seconds=seconds),
    ]
    health = Health({}, loops, registry=registry)
    running = [asyncio.ensure_future(loop.run(stop)) for loop in loops]
    await relay.turned(1)
    seconds.now += 99
    in_time = await ask(health, "live")
    seconds.now += 2
    late = await ask(health, "live")
    relay.gate.release()
    await relay.turned(2)
    again = await ask(health, "live")
    stop.set()
    for turnstile in (relay, tidy):
        turnstile.gate.release()
    await asyncio.gather(*running)
    assert [answer.status_code for answer in (in_time, late, again)] == [200, 503, 200]
    assert late.json()["checks"] == {"event_loop": "ok", "relay": "silent for 101 s", "tidy": "ok"}


async def test_a_loop_that_fails_and_waits_to_be_started_again_is_not_dead(
    registry: CollectorRegistry,
) -> None:
    seconds = Stopwatch()
    loop = watched_loop("relay", Turnstile().run, longest_turn_seconds=1, seconds=seconds)
    # The longest pause before a restart is 30 s and half as much again.
    seconds.now += 46
    assert Health({}, [loop], registry=registry).live().ok


async def test_dependencies_are_measured_though_nobody_probes(registry: CollectorRegistry) -> None:
    failing = False

    async def moody() -> None:
        if failing:
            raise ConnectionError

    def measured() -> float | None:
        return registry.get_sample_value("dependency_up", {"dependency": "database"})

    async def look() -> None:
        stop = asyncio.Event()
        watching = asyncio.ensure_future(watch_loop(Health({"database": moody}, registry=registry)).run(stop))
        before = measured()
        async with asyncio.timeout(20):
            while measured() == before:
                await asyncio.sleep(0.001)
        stop.set()
        await asyncio.wait_for(watching, 20)

    await look()
    up = measured()
    failing = True
    await look()
    assert (up, measured()) == (1, 0)
