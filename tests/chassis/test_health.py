import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry

from chassis.database import open_engine
from chassis.health import Health, database_check, operations_app
from chassis.run import Heartbeat, Loop


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
