"""The auditor finds what nobody would be told of, and nothing where all is well."""

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from chassis.database import open_engine
from events.worker_metrics import WORKER
from notifier.db.audit import PostgresOpenBooks
from notifier.domain.audit import Finding
from notifier.jobs import metrics
from notifier.jobs.auditor import Auditor
from notifier.usecases.audit import Audit
from tests.notifier.world import NOON, World, a_deadline, met

CLEAN = dict.fromkeys(Finding, 0)


def unwatched() -> None:
    """Nobody watches this loop."""


def audit_of(world: World, page: int = 500) -> Audit:
    return Audit(PostgresOpenBooks(world.engine), world.clock, page)


async def findings(world: World, page: int = 500) -> Mapping[Finding, int]:
    return await audit_of(world, page)(unwatched)


async def run(world: World, statement: str) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(sa.text(statement))


async def test_a_deadline_is_clean_from_its_setting_through_every_step_to_its_end(world: World) -> None:
    await world.people()
    deadline = a_deadline()
    await world.hears(deadline)
    seen = [await findings(world)]
    for hours in (1, 30, 200):
        world.clock.move(hours=hours)
        await world.settles()
        seen.append(await findings(world))
    await world.hears(met(deadline, world.clock()))
    seen.append(await findings(world))
    assert seen == [CLEAN] * 5


async def test_a_new_generation_is_clean_though_the_timers_of_the_former_one_are_gone(world: World) -> None:
    first = a_deadline()
    await world.hears(first)
    await world.hears(a_deadline(subject=first.data.subject_id, generation=2, due=NOON + timedelta(days=30)))
    assert await findings(world) == CLEAN


async def test_a_timer_of_a_former_generation_does_not_stand_in_for_the_present_one(world: World) -> None:
    await world.hears(a_deadline())
    await run(world, "UPDATE timer SET generation = 0 WHERE step = 'overdue'")
    assert (await findings(world))[Finding.STEP_MISSING] == 1


async def test_an_open_deadline_that_lost_a_step_is_found_on_whatever_page_it_lies(world: World) -> None:
    for number in range(7):
        await world.hears(a_deadline(due=NOON + timedelta(days=number % 3 + 1)))
    await run(world, "DELETE FROM timer WHERE id = (SELECT max(id::text) FROM timer)::uuid")
    found = [await findings(world, page) for page in (1, 2, 3, 500)]
    assert found == [CLEAN | {Finding.STEP_MISSING: 1}] * 4


async def test_a_timer_that_nobody_fires_is_late_ten_minutes_after_its_moment(world: World) -> None:
    await world.hears(a_deadline())
    world.clock.move(hours=1, minutes=10)
    in_time = await findings(world)
    world.clock.move(seconds=1)
    assert (in_time, await findings(world)) == (CLEAN, CLEAN | {Finding.TIMER_LATE: 1})


async def test_a_deadline_that_was_overdue_on_arrival_is_not_late_before_its_timer_could_fire(
    world: World,
) -> None:
    await world.hears(a_deadline(due=NOON - timedelta(days=9)))
    assert await findings(world) == CLEAN


async def test_a_timer_that_is_tried_no_more_is_found(world: World) -> None:
    await world.hears(a_deadline())
    await run(world, "UPDATE timer SET state = 'stuck' WHERE step = 'overdue'")
    assert (await findings(world))[Finding.TIMER_STUCK] == 1


async def test_a_message_that_nobody_sends_is_late(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.fires()
    world.clock.move(minutes=11)
    assert await findings(world) == CLEAN | {Finding.DELIVERY_LATE: 1}


async def test_an_audit_shows_what_it_found_and_when(world: World) -> None:
    await world.hears(a_deadline())
    await run(world, "DELETE FROM timer WHERE step = 'overdue'")
    await Auditor(audit_of(world)).once(unwatched)

    def value(name: str, **labels: str) -> float | None:
        return WORKER.registry.get_sample_value(name, labels)

    shown = {finding: value("auditor_violations", rule=finding.value) for finding in Finding}
    assert shown == CLEAN | {Finding.STEP_MISSING: 1}
    assert (value("auditor_last_success_timestamp_seconds") or 0) > NOON.timestamp()


async def test_an_audit_that_could_not_be_ended_is_none(world: World) -> None:
    nowhere = open_engine("postgresql://nobody@127.0.0.1:1/nothing", name="nowhere", pool_size=1)
    metrics.AUDITED.set(0)
    await Auditor(Audit(PostgresOpenBooks(nowhere), world.clock)).once(unwatched)
    await nowhere.dispose()
    assert metrics.AUDITED._value.get() == 0


async def test_an_audit_beats_at_every_page(world: World) -> None:
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    for _ in range(5):
        await world.hears(a_deadline())
    await audit_of(world, 2)(beat)
    assert beats == 3
