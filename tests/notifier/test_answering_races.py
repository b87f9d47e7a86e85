"""Answers, timers and news of a deadline meet at its lock: nothing is told twice, lost, or postponed after its moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common.actor import Actor
from events.delivery import Claim, Delivery
from notifier.db.work import PostgresStartWork, PostgresWork
from notifier.domain.errors import NothingToAnswer
from notifier.settings import read_calendar, read_ladders
from notifier.usecases.acknowledge_notice import AcknowledgeNotice
from notifier.usecases.answering import Said
from notifier.usecases.fire_timers import LEASE
from notifier.usecases.ports import StartWork
from notifier.usecases.set_deadline import SetDeadline
from tests.notifier.answers import (
    ACKNOWLEDGED_UNTIL,
    LATEST,
    MANAGER,
    acknowledge,
    an_overdue_deadline,
    at,
    hears,
    read,
    snooze,
)
from tests.notifier.world import NOON, World, a_deadline, met
from tests.support.waiting import until


class Killed(Exception):
    """The process died here."""


class KilledBeforeCommit:
    """Opens real transactions and dies when they are to be committed."""

    def __init__(self, start_work: PostgresStartWork) -> None:
        self._start_work = start_work

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[PostgresWork]:
        async with self._start_work() as work:
            yield work
            raise Killed

    @asynccontextmanager
    async def together(
        self, deliveries: Sequence[Delivery]
    ) -> AsyncIterator[tuple[PostgresWork, Sequence[Claim]]]:
        async with self._start_work.together(deliveries) as found:
            yield found
            raise Killed


class CommitsOnceWaitedFor:
    """Opens real transactions; the nth one is committed when another waits for what it has locked."""

    def __init__(self, world: World, *, nth: int) -> None:
        self._world = world
        self._left = nth

    async def _waited_for(self) -> None:
        self._left -= 1
        if self._left == 0:
            await until(lambda: waits_for_a_lock(self._world), seconds=10, what="another one waits")

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[PostgresWork]:
        async with self._world.start_work() as work:
            yield work
            await self._waited_for()

    @asynccontextmanager
    async def together(
        self, deliveries: Sequence[Delivery]
    ) -> AsyncIterator[tuple[PostgresWork, Sequence[Claim]]]:
        async with self._world.start_work.together(deliveries) as found:
            yield found
            await self._waited_for()


def acknowledging(world: World, start_work: StartWork | None = None) -> AcknowledgeNotice:
    return AcknowledgeNotice(start_work or world.start_work, world.clock, read_calendar(world.settings))


def said(event: object) -> Said:
    data = event.data  # type: ignore[attr-defined]  # an event of whatever contract
    return Said(
        key=(data.subject_id, data.clock),
        by=Actor("person", "anna"),
        reason=None,
        may_stand_in=False,
        expected_version=None,
    )


async def waits_for_a_lock(world: World) -> bool:
    rows = await world.rows(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(rows)


async def holds_the_deadline(world: World) -> bool:
    async with world.engine.connect() as connection:
        statement = sa.text("SELECT 1 FROM deadline FOR UPDATE SKIP LOCKED")
        return (await connection.execute(statement)).first() is None


async def test_a_step_whose_moment_has_come_is_told_though_it_is_answered_before_it_fires(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    world.clock.now = MANAGER
    async with world.start_work() as work:
        claimed = await work.timers.claim(now=world.clock(), lease_until=world.clock() + LEASE, limit=10)
    assert claimed == ((event.data.subject_id, "complete"),)
    assert (await snooze(world, event, LATEST)).status_code == 409
    answer = (await acknowledge(world, event)).json()
    assert answer["acknowledgement"]["postponed_step"] is None
    # Whoever claimed it died; the lease runs out and another one fires it.
    world.clock.move(seconds=LEASE.total_seconds() + 1)
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org"]


async def test_an_answer_and_the_firing_of_the_step_at_its_moment_tell_the_manager_once(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    world.clock.now = MANAGER
    await asyncio.gather(
        *(world.fire(10) for _ in range(3)), acknowledge(world, event), acknowledge(world, event)
    )
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org"]


async def test_a_step_is_not_taken_up_while_it_is_answered(world: World) -> None:
    event = await an_overdue_deadline(world)
    world.clock.now = MANAGER
    async with world.start_work() as work:
        key = (event.data.subject_id, event.data.clock)
        await work.timers.rungs_of((await work.deadlines.lock_many([key]))[key])
        assert (await world.fire(10)).deadlines == 0
    assert (await world.fire(10)).notices == 1


async def test_an_answer_that_waits_while_a_new_generation_is_taken_over_is_no_answer_to_it(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    fresh = a_deadline(subject=event.data.subject_id, due=LATEST + timedelta(days=9), generation=2)
    settings = world.settings
    set_deadline = SetDeadline(
        CommitsOnceWaitedFor(world, nth=1), world.clock, read_ladders(settings), read_calendar(settings)
    )
    hearing = asyncio.create_task(hears(fresh, set_deadline))
    await until(lambda: holds_the_deadline(world), seconds=10, what="the new generation is taken over")
    with pytest.raises(NothingToAnswer):
        await acknowledging(world)(said(event))
    await hearing
    shown = await read(world, event)
    assert (shown["generation"], shown["acknowledgement"]) == (2, None)
    assert shown["next_step"] == {"name": "overdue", "to": "owner", "at": at(fresh.data.due_at)}


async def test_an_answer_that_waits_while_the_next_step_fires_postpones_nothing(world: World) -> None:
    event = await an_overdue_deadline(world, ladder="reminding")
    world.clock.now = MANAGER
    # The first transaction claims, the second one fires.
    fire = replace(world.fire, start_work=CommitsOnceWaitedFor(world, nth=2))
    firing = asyncio.create_task(fire(10))
    await until(lambda: holds_the_deadline(world), seconds=10, what="the step fires")
    view = await acknowledging(world)(said(event))
    assert (await firing).notices == 1
    assert (view.answers[0].step, view.answers[0].postponed) == ("overdue-manager", None)
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org"]


async def test_an_answer_after_the_deadline_was_met_meanwhile_is_refused(world: World) -> None:
    event = await an_overdue_deadline(world)
    await world.hears(met(event, NOON + timedelta(hours=2)))
    with pytest.raises(NothingToAnswer):
        await acknowledging(world)(said(event))


async def test_two_acknowledgements_at_once_are_one(world: World) -> None:
    event = await an_overdue_deadline(world)
    answers = await asyncio.gather(*(acknowledge(world, event) for _ in range(6)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    assert (await world.told_types()).count("notice.acknowledged") == 1
    assert len(await world.rows("SELECT 1 FROM answer")) == 1


async def test_snoozes_at_once_are_not_more_than_are_allowed(world: World) -> None:
    event = await an_overdue_deadline(world)
    answers = await asyncio.gather(
        *(snooze(world, event, MANAGER + timedelta(hours=hours)) for hours in range(1, 9))
    )
    taken = sum(each.status_code == 200 for each in answers)
    assert 1 <= taken <= 2
    assert len(await world.rows("SELECT 1 FROM answer WHERE kind = 'snoozed'")) == taken
    assert (await world.told_types()).count("notice.snoozed") == taken


async def test_an_answer_that_is_killed_before_it_is_committed_leaves_nothing_and_can_be_given_again(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    before = await read(world, event)
    told = await world.told_types()
    with pytest.raises(Killed):
        await acknowledging(world, KilledBeforeCommit(world.start_work))(said(event))
    assert (await read(world, event), await world.told_types()) == (before, told)
    view = await acknowledging(world)(said(event))
    assert view.answers[0].postponed is not None
    assert view.next_notification_at == ACKNOWLEDGED_UNTIL


async def test_the_database_itself_takes_one_acknowledgement_of_a_step(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    again = "INSERT INTO answer SELECT gen_random_uuid(), subject_id, clock, generation, kind, step, owner, actor, reason, at, until FROM answer"
    with pytest.raises(sa.exc.IntegrityError, match="answer_acknowledged_once"):
        async with world.engine.begin() as connection:
            await connection.exec_driver_sql(again)
