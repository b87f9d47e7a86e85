"""Whoever writes to a complaint holds the complaint first, and notes that complaints share are held in one order.

So two that write at once wait for each other one after the other, and never in a circle.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from events.contracts.capa import ActionAssignedV1, ActionCompletedV1, NonconformityLinkedV1
from events.contracts.notifier import DeadlineBreachedV1
from events.contracts.words import ActionKind, Punctuality, Severity
from tests.intake.clocks.timing import NOON, policy_file
from tests.intake.lifecycle.desk import Desk
from tests.intake.test_timeline import ACT, ACTION, NC, event, story
from tests.intake.world import World, open_world
from tests.support.waiting import until

REASONED = "SELECT 1 FROM timeline_note WHERE reason <> ''"
FIRST = """(subject_id, name) IN (
    SELECT subject_id, name FROM timeline_note WHERE reason <> '' ORDER BY subject_id, name LIMIT 1)"""


async def holds_nothing_while_it_waits(
    world: World, doing: Coroutine[Any, Any, Any], awaited: str, free: Sequence[str]
) -> Any:
    """Have something done while somebody else holds one row; none of the others is held by then."""
    async with world.engine.begin() as other:
        assert (await other.execute(sa.text(f"{awaited} FOR UPDATE"))).first() is not None
        task = asyncio.create_task(doing)
        await until(lambda: somebody_waits(world), what="it waits for the row")
        for rows in free:
            assert (await other.execute(sa.text(f"{rows} FOR UPDATE NOWAIT"))).all(), rows
    return await asyncio.wait_for(task, 20)


async def somebody_waits(world: World) -> bool:
    return bool(await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"))


async def test_what_notifier_saw_of_a_clock_holds_the_complaint_before_the_clock(desk: Desk) -> None:
    number = await desk.receive()
    complaint = UUID((await desk.read(number))["id"])
    breach = DeadlineBreachedV1(
        subject_kind="complaint",
        subject_id=complaint,
        clock="respond",
        generation=1,
        due_at=NOON,
        breached_at=NOON + timedelta(minutes=1),
    )

    await holds_nothing_while_it_waits(
        desk.world,
        desk.world.hears(event("notifier", 1, breach)),
        "SELECT 1 FROM complaint",
        ["SELECT 1 FROM complaint_clock"],
    )

    (clock,) = [each for each in (await desk.read(number))["clocks"] if each["name"] == "respond"]
    assert clock["breached_at"] == "2026-11-20T12:01:00Z"


async def test_a_containment_that_is_done_holds_complaints_in_their_order_before_the_action(
    intake_url: str, tmp_path: Path
) -> None:
    policy = policy_file(tmp_path, "eight-d")
    async with open_world(intake_url, tmp_path, clock_policy=policy) as world:
        desk = Desk(world)
        numbers = [await desk.receive() for _ in range(3)]
        for nth, number in enumerate(numbers):
            linked = NonconformityLinkedV1(
                nonconformity_id=NC,
                number="NC-1001",
                complaint_id=UUID((await desk.read(number))["id"]),
                complaints=nth + 1,
            )
            await world.hears(event("capa", nth, linked, nth + 1))
        given = ActionAssignedV1(
            **ACT,
            kind=ActionKind.CONTAINMENT,
            title="Contain",
            owner="anna",
            severity=Severity.MAJOR,
            due_at=NOON,
        )
        await world.hears(event("capa", 4, given, 1))
        done = ActionCompletedV1(**ACT, completed_at=NOON, punctuality=Punctuality.EARLY)

        await holds_nothing_while_it_waits(
            world,
            world.hears(event("capa", 5, done, 2)),
            "SELECT 1 FROM complaint WHERE id = (SELECT id FROM complaint ORDER BY id LIMIT 1)",
            [
                "SELECT 1 FROM complaint WHERE id IN (SELECT id FROM complaint ORDER BY id OFFSET 1)",
                "SELECT 1 FROM action",
                "SELECT 1 FROM nonconformity",
                "SELECT 1 FROM complaint_clock",
            ],
        )

        for number in numbers:
            clocks = {each["name"]: each["state"] for each in (await desk.read(number))["clocks"]}
            assert clocks["containment"] == "met"


async def test_an_erasure_holds_the_notes_that_complaints_share_in_their_order(desk: Desk) -> None:
    number = await desk.receive()
    for each in reversed(story(UUID((await desk.read(number))["id"]))):
        await desk.world.hears(each)
    erasure = desk.world.client("privacy").post(
        f"/v1/complaints/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )

    answer = await holds_nothing_while_it_waits(
        desk.world,
        erasure,
        f"{REASONED} AND {FIRST}",
        [f"{REASONED} AND NOT {FIRST}"],
    )

    assert answer.status_code == 200, answer.text
    assert await desk.world.rows(REASONED) == []
    assert ACTION in {row.subject_id for row in await desk.world.rows("SELECT subject_id FROM timeline_note")}
