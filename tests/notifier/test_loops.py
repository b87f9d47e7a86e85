"""The loops as a process runs them."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

from chassis.database import open_engine, ping
from events.turning import unwatched
from events.wake import Wake
from events.worker_metrics import WORKER
from notifier.db.counts import count
from notifier.jobs.gate import Gate
from notifier.jobs.gauges import NotifierGauges
from notifier.jobs.rest import seconds_until
from notifier.jobs.timer_loop import TimerLoop
from notifier.jobs.turns import take_turns
from notifier.usecases.next_moment import NextMoment
from tests.notifier.answers import ACKNOWLEDGED_UNTIL, LATEST, acknowledge, an_overdue_deadline, snooze
from tests.notifier.world import NOON, World, a_deadline, met


def a_timer_loop(world: World, gate: Gate) -> TimerLoop:
    return TimerLoop(
        fire=world.fire,
        next_moment=NextMoment(world.start_work),
        gate=gate,
        clock=world.clock,
        wake=world.wakes.timers,
        poll=600.0,
    )


async def until_fired(world: World) -> None:
    async with asyncio.timeout(30):
        while not await world.rows("SELECT 1 FROM timer_ended WHERE ended = 'fired'"):
            await asyncio.sleep(0.02)


async def test_no_timer_fires_before_the_log_was_read(world: World) -> None:
    await world.people()
    await world.hears(a_deadline(due=NOON - timedelta(hours=1)))
    read, waiting, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def catch_up(_: asyncio.Event) -> None:
        waiting.set()
        await read.wait()

    loop = asyncio.create_task(a_timer_loop(world, Gate(catch_up)).run(stop, unwatched))
    await waiting.wait()
    before = await world.told_types()
    read.set()
    await until_fired(world)
    stop.set()
    await loop
    assert before == []
    assert await world.told_types() == ["deadline.breached"]


async def test_a_loop_beats_on_while_the_log_cannot_be_read(world: World) -> None:
    stop, read, beats = asyncio.Event(), asyncio.Event(), 0

    async def catch_up(_: asyncio.Event) -> None:
        await read.wait()

    def beat() -> None:
        nonlocal beats
        beats += 1

    loop = asyncio.create_task(a_timer_loop(world, Gate(catch_up)).run(stop, beat))
    async with asyncio.timeout(30):
        while beats < 3:
            await asyncio.sleep(0.02)
    stop.set()
    read.set()
    await loop
    assert beats >= 3


async def test_a_sleeping_timer_loop_wakes_for_a_deadline_that_is_overdue_on_arrival(world: World) -> None:
    await world.people()
    stop = asyncio.Event()

    async def caught_up(_: asyncio.Event) -> None:
        return

    loop = asyncio.create_task(a_timer_loop(world, Gate(caught_up)).run(stop, unwatched))
    async with asyncio.timeout(30):
        while not world.wakes.timers.ticket()._waiters:
            await asyncio.sleep(0.02)
    await world.hears(a_deadline(due=NOON - timedelta(hours=1)))
    # Its poll comes round in ten minutes, longer than this test waits: only the bell can wake it.
    await until_fired(world)
    stop.set()
    await loop


async def test_a_loop_whose_database_is_away_tries_on_until_it_is_back(tmp_path: Path) -> None:
    nowhere = open_engine(f"postgresql://redress@/db?host={tmp_path}", name="tests")
    stop, turns = asyncio.Event(), 0

    async def caught_up(_: asyncio.Event) -> None:
        return

    async def turn() -> float:
        nonlocal turns
        turns += 1
        if turns < 3:
            await ping(nowhere)
        stop.set()
        return 600.0

    async with asyncio.timeout(30):
        await take_turns(turn, stop, unwatched, loop="timers", gate=Gate(caught_up), wake=Wake(), poll=0.01)
    await nowhere.dispose()

    assert turns == 3


def test_a_loop_sleeps_until_the_next_moment_but_no_longer_than_its_poll() -> None:
    soon, late = NOON + timedelta(seconds=2), NOON + timedelta(hours=1)
    assert [seconds_until(moment, NOON, 5.0) for moment in (soon, late, NOON - timedelta(1), None)] == [
        2.0,
        5.0,
        0.0,
        5.0,
    ]


async def test_the_gauges_show_what_waits(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=2)
    await NotifierGauges(partial(count, world.engine), world.clock)()
    names = ("timers_pending", "timers_due", "timer_oldest_due_age_seconds", "deadlines_overdue")
    assert [WORKER.registry.get_sample_value(name) for name in names] == [2, 1, 3600, 1]


async def test_the_gauges_show_which_deadlines_are_answered_while_that_counts(world: World) -> None:
    other = a_deadline(owner="ben")
    await world.hears(other)
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    await snooze(world, event, LATEST)
    await snooze(world, other, LATEST, "ben")
    gauges = NotifierGauges(partial(count, world.engine), world.clock)

    async def shown() -> dict[str, float | None]:
        await gauges()
        kinds = ("acknowledged", "snoozed")
        return {
            kind: WORKER.registry.get_sample_value("deadlines_answered", {"answer": kind}) for kind in kinds
        }

    assert await shown() == {"acknowledged": 1, "snoozed": 2}
    world.clock.now = ACKNOWLEDGED_UNTIL
    assert await shown() == {"acknowledged": 0, "snoozed": 2}
    await world.hears(met(event, world.clock()))
    assert await shown() == {"acknowledged": 0, "snoozed": 1}


async def test_a_claimed_timer_whose_process_died_is_taken_up_by_another(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    now = world.clock()
    async with world.start_work() as work:
        claimed = await work.timers.claim(now=now, lease_until=now + timedelta(seconds=60), limit=10)
    assert len(claimed) == 1
    assert (await world.fires()).deadlines == 0
    world.clock.move(seconds=61)
    assert (await world.fires()).deadlines == 1
