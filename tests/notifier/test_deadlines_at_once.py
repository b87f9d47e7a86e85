"""Deadlines that one event announces: each is what it would be if it were announced alone, and all are taken over or none."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from chassis.tracing import tracer
from common.ids import new_id
from events.contracts.deadline import DeadlineSetV1, DeadlinesSetV1
from events.contracts.notifier import DeadlineBreachedV1, NoticeSentV1
from events.delivery import Claim, GroupHandler, Handlers
from events.envelope import Event
from events.postgres import parking
from events.postgres.consumer import Consumer
from notifier.consumers.deadline_set import OnDeadlineSet
from notifier.settings import read_calendar, read_ladders
from notifier.usecases.set_deadline import SetDeadline
from tests.notifier.world import NOON, World, a_deadline, at_once, met

CLOCKS = ("acknowledge", "respond", "update")
BEYOND_COUNTING = NOON.replace(year=2200)
"""No calendar has working days there, and so a step after it has no moment."""


def three(subject: UUID, **changes: Any) -> list[Event[DeadlineSetV1]]:
    """One that is overdue, one that is soon and one in ten days, with an owner and a ladder each."""
    told: list[dict[str, Any]] = [
        {"owner": "anna", "due": NOON - timedelta(hours=1), "title": "Acknowledge"},
        {"owner": "ben", "due": NOON + timedelta(hours=2), "title": "Respond", "ladder": "reminding"},
        {"owner": None, "due": NOON + timedelta(days=10), "title": "Update", "ladder": "owner-only"},
    ]
    return [
        a_deadline(subject=subject, clock=clock, **(each | changes))
        for clock, each in zip(CLOCKS, told, strict=True)
    ]


async def what_stands(world: World) -> tuple[Sequence[Any], Sequence[Any]]:
    """All that is kept of deadlines, but for the event that each came with, and of their timers."""
    deadlines = await world.rows(
        "SELECT to_jsonb(deadline) - 'caused_by' AS kept FROM deadline ORDER BY subject_id, clock"
    )
    timers = await world.rows(
        "SELECT subject_id, clock, generation, step, due_at, planned_at, state, NULL FROM timer"
        " UNION ALL SELECT subject_id, clock, generation, step, due_at, ended_at, NULL, ended FROM timer_ended"
        " ORDER BY 1, 2, 3, 4"
    )
    return deadlines, timers


async def clocks_known(world: World) -> list[str]:
    return [row.clock for row in await world.rows("SELECT clock FROM deadline ORDER BY clock")]


async def test_three_deadlines_of_one_event_plan_the_timers_that_three_events_plan(world: World) -> None:
    events = three(new_id())
    for event in events:
        assert await world.hears(event) is Claim.NEW
    singly = await what_stands(world)
    assert (len(singly[0]), len(singly[1])) == (3, 7)
    await world.clear()
    together = at_once(*events)
    assert await world.hears(together) is Claim.NEW
    assert await what_stands(world) == singly
    causes = await world.rows("SELECT DISTINCT caused_by FROM deadline")
    assert [row.caused_by for row in causes] == [together.id]
    (claims,) = await world.rows("SELECT count(*) FROM inbox")
    assert claims[0] == 1


async def test_several_of_one_event_and_one_of_its_own_are_handled_together(world: World) -> None:
    first, second = new_id(), new_id()
    later = a_deadline(subject=first, clock="respond", owner="cleo", generation=2)
    await world.reads(at_once(*three(first)), later, at_once(*three(second)))
    (transactions,) = await world.rows("SELECT count(DISTINCT CAST(xmin AS text)) FROM inbox")
    assert transactions[0] == 1
    found = await world.rows("SELECT generation, owner FROM deadline WHERE clock = 'respond'")
    assert {tuple(row) for row in found} == {(2, "cleo"), (1, "ben")}
    ended = await world.rows("SELECT DISTINCT subject_id, clock FROM timer_ended WHERE ended = 'replaced'")
    assert [tuple(row) for row in ended] == [(first, "respond")]


async def test_each_is_shown_with_its_own_next_step(world: World) -> None:
    subject = new_id()
    await world.people()
    await world.hears(at_once(*three(subject)))
    answer = await world.client().get("/v1/deadlines", params={"subject_id": str(subject)})
    assert answer.status_code == 200
    shown = {each["clock"]: each for each in answer.json()["items"]}
    assert {name: (each["title"], each["owner"]) for name, each in shown.items()} == {
        "acknowledge": ("Acknowledge", "anna"),
        "respond": ("Respond", "ben"),
        "update": ("Update", None),
    }
    moments = [each["next_notification_at"] for each in shown.values()]
    assert len(set(moments)) == 3
    assert all(moments)


async def test_each_is_told_once_by_its_own_steps_also_when_the_event_comes_again(world: World) -> None:
    await world.people()
    subject = new_id()
    event = at_once(*three(subject, owner="anna"))
    await world.hears(event)
    world.clock.move(hours=2)
    await world.settles()
    assert await world.hears(event) is Claim.SEEN
    # Told again by its owner, as another event that says the same.
    assert await world.hears(event.model_copy(update={"id": new_id()})) is Claim.NEW
    world.clock.move(hours=1)
    await world.settles()
    told = await world.told()
    breached = [each.data for each in told if isinstance(each.data, DeadlineBreachedV1)]
    assert sorted(each.clock for each in breached) == ["acknowledge", "respond"]
    sent = [each.data for each in told if isinstance(each.data, NoticeSentV1)]
    assert sorted((each.clock, each.step) for each in sent) == [
        ("acknowledge", "overdue"),
        ("respond", "overdue"),
    ]
    assert len({each.notice_id for each in sent}) == 2
    assert len({each.id for each in told}) == len(told) == 4
    assert {each.causation_id for each in told} == {event.id}


async def test_a_second_delivery_changes_nothing(world: World) -> None:
    event = at_once(*three(new_id()))
    assert await world.hears(event) is Claim.NEW
    stood = await what_stands(world)
    world.clock.move(minutes=10)
    assert await world.hears(event) is Claim.SEEN
    await world.reads(event, event)
    assert await what_stands(world) == stood


async def test_a_newer_generation_that_came_before_stays_and_the_others_are_taken_over(world: World) -> None:
    subject = new_id()
    newer = a_deadline(subject=subject, clock="respond", owner="cleo", generation=2)
    await world.hears(newer)
    await world.hears(met(a_deadline(subject=subject, clock="respond"), NOON, generation=2))
    assert await world.hears(at_once(*three(subject))) is Claim.NEW
    found = await world.rows("SELECT clock, generation, owner, state, caused_by FROM deadline ORDER BY clock")
    assert [tuple(row)[:4] for row in found] == [
        ("acknowledge", 1, "anna", "open"),
        ("respond", 2, "cleo", "met"),
        ("update", 1, None, "open"),
    ]
    assert found[1].caused_by == newer.id
    waiting = await world.rows("SELECT DISTINCT clock FROM timer ORDER BY clock")
    assert [row.clock for row in waiting] == ["acknowledge", "update"]


@pytest.mark.parametrize("generations", [(1, 2), (2, 1)])
async def test_of_one_clock_that_an_event_names_twice_the_newer_generation_stands(
    world: World, generations: tuple[int, int]
) -> None:
    subject = new_id()
    twice = [
        a_deadline(subject=subject, generation=number, owner=f"owner.{number}") for number in generations
    ]
    assert await world.hears(at_once(*twice)) is Claim.NEW
    (deadline,) = await world.rows("SELECT generation, owner FROM deadline")
    assert tuple(deadline) == (2, "owner.2")
    assert {row.generation for row in await world.rows("SELECT generation FROM timer")} == {2}


async def test_an_event_with_one_that_cannot_be_planned_is_a_dead_letter_and_none_of_it_is_taken_over(
    world: World,
) -> None:
    subject, other = new_id(), new_id()
    first, _, third = three(subject)
    bad = a_deadline(subject=subject, clock="respond", due=BEYOND_COUNTING)
    behind = at_once(a_deadline(subject=subject, clock="behind"))
    await world.reads(at_once(first, bad, third), at_once(*three(other)), behind)
    assert {row.subject_id for row in await world.rows("SELECT subject_id FROM deadline")} == {other}
    assert {row.subject_id for row in await world.rows("SELECT subject_id FROM timer")} == {other}
    aside = await world.rows("SELECT state, reason, detail FROM parked ORDER BY id")
    assert [(row.state, row.reason) for row in aside] == [
        ("dead", "instant_out_of_range"),
        ("parked", "behind"),
    ]
    assert "2200" in aside[0].detail


async def test_a_dead_letter_that_can_be_planned_at_last_is_taken_over_as_a_whole(world: World) -> None:
    subject = new_id()
    first, _, third = three(subject)
    bad = a_deadline(subject=subject, clock="respond", due=BEYOND_COUNTING)
    behind = at_once(a_deadline(subject=subject, clock="acknowledge", generation=2, owner="cleo"))
    await world.reads(at_once(first, bad, third), behind)
    assert await clocks_known(world) == []
    # With a ladder that has no step after the due instant, each has a moment.
    ladders = read_ladders(world.settings)
    shorter = dict.fromkeys(ladders, ladders["owner-only"])
    handler = GroupHandler(
        OnDeadlineSet(SetDeadline(world.start_work, world.clock, shorter, read_calendar(world.settings)))
    )
    handlers: Handlers = {DeadlineSetV1: handler, DeadlinesSetV1: handler}
    async with world.engine.begin() as connection:
        (dead,) = (await connection.execute(sa.text("SELECT id FROM parked WHERE state = 'dead'"))).all()
        await parking.retry(
            connection, "notifier", dead.id, by="person:ops", reason="shorter ladder", now=world.clock()
        )
    consumer = Consumer(world.engine, "notifier", handlers, world.clock, tracer=tracer())
    while await consumer.drain_one():
        world.clock.move(hours=1)
    assert await clocks_known(world) == list(CLOCKS)
    (acknowledge,) = await world.rows("SELECT generation, owner FROM deadline WHERE clock = 'acknowledge'")
    assert tuple(acknowledge) == (2, "cleo")
    assert await world.rows("SELECT id FROM parked") == []
