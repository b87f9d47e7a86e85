"""Deadlines whose owners wait: nobody is told until their time runs on."""

from datetime import timedelta

from events.delivery import Claim
from tests.notifier.world import NOON, World, a_deadline, met, paused, resumed


async def test_a_paused_deadline_fires_nothing_until_it_is_resumed_with_another_due_instant(
    world: World,
) -> None:
    await world.people()
    event = a_deadline(ladder="reminding", due=NOON + timedelta(days=4))
    await world.hears(event)
    await world.hears(paused(event))
    world.clock.move(days=9)
    await world.settles()
    assert world.mailed() == []
    assert {row.ended for row in await world.rows("SELECT ended FROM timer_ended")} == {"paused"}

    due = world.clock() + timedelta(hours=2)
    await world.hears(resumed(event, due=due, generation=2))
    await world.settles()
    assert world.mailed() == []
    world.clock.move(hours=2)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]
    (deadline,) = await world.rows("SELECT * FROM deadline")
    assert (deadline.state, deadline.generation, deadline.due_at) == ("open", 2, due)
    assert (deadline.calendar, deadline.explanation["held"]) == ("default:2", True)


async def test_a_notice_that_waits_to_be_sent_is_dropped_when_its_deadline_is_paused(world: World) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    world.clock.move(hours=1)
    await world.fires()
    await world.hears(paused(event))
    await world.settles()
    assert world.mailed() == []
    (notice,) = await world.rows("SELECT state, reason FROM notice")
    assert (notice.state, notice.reason) == ("suppressed", "deadline_paused")


async def test_a_paused_deadline_can_be_met_and_is_not_resumed_by_older_news(world: World) -> None:
    await world.people()
    event = a_deadline(generation=3)
    await world.hears(event)
    await world.hears(paused(event))
    await world.hears(met(event, NOON))
    await world.hears(paused(event))
    await world.hears(resumed(event, due=NOON + timedelta(hours=1), generation=3))
    world.clock.move(days=2)
    await world.settles()
    assert world.mailed() == []
    (deadline,) = await world.rows("SELECT state, generation FROM deadline")
    assert (deadline.state, deadline.generation) == ("met", 3)


async def test_pauses_of_older_generations_and_of_unknown_deadlines_change_nothing(world: World) -> None:
    await world.people()
    event = a_deadline(generation=2)
    assert await world.hears(paused(event)) is Claim.NEW
    assert await world.hears(resumed(event, due=NOON, generation=9)) is Claim.NEW
    assert await world.rows("SELECT 1 FROM deadline") == []
    await world.hears(event)
    await world.hears(paused(event, generation=1))
    world.clock.move(hours=1)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]


async def test_a_paused_deadline_is_neither_overdue_nor_missing_a_step(world: World) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    await world.hears(paused(event))
    world.clock.move(days=3)
    async with world.client() as client:
        (shown,) = (await client.get("/v1/deadlines", params={"state": "paused"})).json()["items"]
        assert (shown["overdue"], shown["next_notification_at"]) == (False, None)
        assert (await client.get("/v1/deadlines", params={"overdue": "true"})).json()["items"] == []
