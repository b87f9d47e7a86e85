"""The worker's loops on the embedded log."""

import asyncio
from collections.abc import Sequence

from capa.wiring import build_loops
from common.clock import utc_now
from events.codec import Known, decode, encode
from events.opening import open_transport
from events.transport import Received
from tests.capa.test_triage_complaint import received
from tests.capa.world import World, a_complaint
from tests.support.events import engine_of, make_log_tables


async def test_a_complaint_from_the_log_is_decided_about_and_the_decision_is_told_on_capas_topic(
    world: World, database_url: str
) -> None:
    log_engine = engine_of(database_url, pool_size=8)
    await make_log_tables(log_engine)
    transport = open_transport(world.core.settings, log_engine=log_engine, clock=utc_now)
    stop, heard = asyncio.Event(), asyncio.Queue[str]()

    async def hear(records: Sequence[Received]) -> int:
        for each in records:
            decoded = decode(each.record)
            assert isinstance(decoded, Known)
            heard.put_nowait(decoded.event.type)
        return len(records)

    publisher = await transport.open_publisher()
    await publisher.publish([encode(received(a_complaint()), "redress.intake")])
    listening = transport.subscribe(("redress.capa",), "listener")
    runs = [loop.run(stop) for loop in build_loops(world.core, transport)]
    tasks = [asyncio.ensure_future(run) for run in (*runs, listening.run(hear, stop))]
    try:
        async with asyncio.timeout(60):
            told = {await heard.get() for _ in range(4)}
    finally:
        stop.set()
        await asyncio.wait(tasks, timeout=10)
        await publisher.close()
        await transport.close()
        await log_engine.dispose()
    assert told == {
        "redress.triage.decided.v1",
        "redress.nonconformity.raised.v1",
        "redress.action.assigned.v1",
        "redress.deadline.set.v1",
    }
    assert all(task.done() for task in tasks)
