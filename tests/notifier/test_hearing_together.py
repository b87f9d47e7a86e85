"""Deadlines that are announced in one go: what comes out is what would come out one after another."""

from datetime import timedelta
from typing import Any

from common.ids import new_id
from events.delivery import Claim
from tests.notifier.world import NOON, World, a_deadline, met, voided


async def what_stands(world: World) -> Any:
    deadlines = await world.rows(
        "SELECT subject_id, owner, due_at, generation, state, version FROM deadline ORDER BY subject_id"
    )
    timers = await world.rows(
        "SELECT subject_id, generation, step, due_at, planned_at, state, NULL FROM timer"
        " UNION ALL SELECT subject_id, generation, step, due_at, ended_at, NULL, ended FROM timer_ended"
        " ORDER BY 1, 2, 3"
    )
    return deadlines, timers


def a_story() -> list[Any]:
    """Twelve deadlines, some of them moved, met, voided, or told again in an older generation."""
    first = [
        a_deadline(ladder="reminding", due=NOON + timedelta(hours=number - 3), owner="anna")
        for number in range(12)
    ]
    subjects = [event.data.subject_id for event in first]
    moved = [a_deadline(subject=subject, owner="ben", generation=2) for subject in subjects[:4]]
    return [
        *first,
        *moved,
        a_deadline(subject=subjects[0], owner="late", generation=1),
        a_deadline(subject=subjects[1], owner="cleo", generation=3),
        *(met(event, NOON) for event in (*moved[:3], *first[5:7])),
        *(voided(event) for event in (moved[3], first[8])),
    ]


async def test_a_group_comes_out_as_its_events_do_one_after_another(world: World) -> None:
    story = a_story()
    for event in story:
        assert await world.hears(event) is Claim.NEW
    singly = await what_stands(world)
    await world.clear()
    await world.reads(*story)
    transactions = await world.rows("SELECT count(DISTINCT CAST(xmin AS text)) FROM inbox")
    assert await what_stands(world) == singly
    # Deadlines set, then met, then voided.
    assert transactions[0][0] == 3


async def test_of_two_generations_that_come_together_the_newer_stands(world: World) -> None:
    subject = new_id()
    await world.reads(
        a_deadline(subject=subject, owner="anna"), a_deadline(subject=subject, owner="ben", generation=2)
    )
    (deadline,), _ = await what_stands(world)
    ended = await world.rows("SELECT DISTINCT generation, ended FROM timer_ended WHERE ended <> 'past'")
    assert (deadline.owner, deadline.generation, deadline.version) == ("ben", 2, 2)
    assert [tuple(row) for row in ended] == [(1, "replaced")]
    assert {row.generation for row in await world.rows("SELECT generation FROM timer")} == {2}


async def test_the_timers_loop_is_woken_once_a_group_is_committed(world: World) -> None:
    ticket = world.wakes.timers.ticket()
    await world.reads(a_deadline(), a_deadline())
    assert ticket.is_set()
