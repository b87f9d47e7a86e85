"""Notifier tells the topic again what became of deadlines, and nobody else."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from events.again import Part, Place, UnknownPlace
from notifier.usecases.announce_again import SECTIONS, AnnounceAgain
from notifier.usecases.ports import StartWork
from tests.notifier.answers import LATEST, TUESDAY, acknowledge, an_overdue_deadline, snooze
from tests.notifier.world import NOON, World, a_deadline, met


def part(place: str = SECTIONS[0], since: datetime | None = None, records: int = 10) -> Part:
    return Part(place=Place.parse(place), since=since, records=records, dry_run=False)


def announcing(world: World) -> AnnounceAgain:
    start_work: StartWork = world.start_work
    return AnnounceAgain(start_work, world.clock)


async def tell_of(world: World) -> None:
    """A deadline of which one person was warned and told, and one that could not be told."""
    await world.people()
    world.mailbox.rcpt_answers["ben@example.org"] = "550 no such user"
    await world.hears(a_deadline(ladder="reminding", due=NOON.replace(day=18)))
    await world.hears(a_deadline(owner="ben", due=NOON.replace(day=18)))
    for day in (17, 18):
        world.clock.move(hours=24 * (day - 16) - (world.clock() - NOON).total_seconds() / 3600)
        await world.settles()
    world.clock.move(hours=1)
    await world.sends()


async def forget_outbox(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox"))


async def test_warnings_breaches_and_notices_are_told_as_they_were_at_first(world: World) -> None:
    await tell_of(world)
    first = {(event.type, event.subject): event for event in await world.told()}
    kinds = {"deadline.warned", "deadline.breached", "notice.sent", "notice.failed"}
    assert {kind for kind, _ in first} >= {f"redress.{kind}.v1" for kind in kinds}
    await forget_outbox(world)
    mailed = world.mailed()
    told = await announcing(world)(part())
    again = await world.told()
    assert len(again) == len(told.events)
    assert {event.type for event in again} == {f"redress.{kind}.v1" for kind in kinds}
    for event in again:
        if event.type in {
            "redress.deadline.warned.v1",
            "redress.deadline.breached.v1",
            "redress.notice.failed.v1",
        }:
            before = first[event.type, event.subject]
            assert (event.data, event.occurred_at) == (before.data, before.occurred_at)
            assert event.id != before.id
    await world.settles()
    assert world.mailed() == mailed


async def test_what_is_told_again_leaves_the_deadline_in_its_version(world: World) -> None:
    await tell_of(world)
    before = await world.rows("SELECT subject_id, version FROM deadline ORDER BY 1")
    await forget_outbox(world)
    await announcing(world)(part())
    assert await world.rows("SELECT subject_id, version FROM deadline ORDER BY 1") == before
    assert {(event.subject, event.version) for event in await world.told()} == {
        (str(row.subject_id), row.version) for row in before
    }


async def test_a_deadline_of_which_nothing_was_told_is_passed_over(world: World) -> None:
    quiet = a_deadline()
    await world.hears(quiet)
    await world.hears(met(quiet, NOON))
    told = await announcing(world)(part())
    assert (told.records, list(told.events), told.next) == (1, [], None)


async def test_only_deadlines_with_news_since_are_told_of_where_that_is_asked(world: World) -> None:
    await tell_of(world)
    world.clock.move(minutes=1)
    assert (await announcing(world)(part(since=world.clock()))).records == 0
    assert (await announcing(world)(part(since=NOON))).records == 2


async def test_parts_follow_one_another_without_gap_or_overlap(world: World) -> None:
    await tell_of(world)
    await forget_outbox(world)
    place = SECTIONS[0]
    while True:
        told = await announcing(world)(part(place, records=1))
        if told.next is None:
            break
        place = str(told.next)
    piecemeal = [(event.type, event.subject) for event in await world.told()]
    await forget_outbox(world)
    await announcing(world)(part())
    assert piecemeal == [(event.type, event.subject) for event in await world.told()]


@pytest.mark.parametrize("place", ["nowhere", "deadlines:7/complete", "deadlines:complete"])
async def test_a_place_that_does_not_exist_is_refused(world: World, place: str) -> None:
    with pytest.raises(UnknownPlace):
        await announcing(world)(part(place))


async def test_what_was_answered_is_told_again_as_it_was_in_whatever_generation(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event, "quinn", reason="she called")
    await snooze(world, event, LATEST)
    world.clock.move(minutes=1)
    since = world.clock()
    await world.hears(a_deadline(subject=event.data.subject_id, due=LATEST + timedelta(days=9), generation=2))
    first = {each.type: each for each in await world.told()}
    await forget_outbox(world)
    await announcing(world)(part())
    again = [each for each in await world.told() if "notice.sent" not in each.type]
    assert [each.type for each in again] == [
        "redress.notice.acknowledged.v1",
        "redress.notice.snoozed.v1",
    ]
    for each in again:
        before = first[each.type]
        assert (each.data, each.actor, each.occurred_at) == (before.data, before.actor, before.occurred_at)
    assert (await announcing(world)(part(since=since))).records == 0
    assert (await announcing(world)(part(since=TUESDAY))).records == 1
