"""What capa announces is kept in groups: one transaction for what was read together, in an order that all keep."""

import asyncio
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from events.delivery import Claim
from tests.intake.capa_events import NC, assigned, linked, raised, read, received, somebody_waits, triage
from tests.intake.world import World
from tests.support.waiting import until

OTHER_NC = UUID(int=3)


async def test_facts_that_were_read_together_are_kept_in_one_transaction_and_each_once(world: World) -> None:
    first, second = await received(world), await received(world)
    told = [triage(first), raised(first), assigned(), triage(second, "linked"), linked(second)]
    await world.hears(told[0])

    claims = await world.hears_together(told)

    assert claims == [Claim.SEEN, *[Claim.NEW] * 4]
    shown = [await read(world, each) for each in (first, second)]
    assert [each["triage"]["state"] for each in shown] == ["raised", "linked"]
    assert [each["nonconformity"]["number"] for each in shown] == ["NC-1001", "NC-1001"]
    assert len(shown[0]["actions"]) == 1
    kept = await world.rows("SELECT xmin::text AS transaction, count(*) AS n FROM timeline_note GROUP BY 1")
    assert sorted(each.n for each in kept) == [1, 4]


async def test_groups_hold_their_complaints_in_the_order_of_their_ids(world: World) -> None:
    lower, higher = sorted([await received(world), await received(world)])
    async with world.engine.begin() as other:
        await other.execute(sa.text("SELECT FROM complaint WHERE id = :id FOR UPDATE"), {"id": lower})
        hearing = asyncio.create_task(
            world.hears_together([triage(higher, nc=OTHER_NC), triage(lower, nc=NC)])
        )

        await until(lambda: somebody_waits(world), what="the group waits for the complaint of the lower id")

        free = "SELECT 1 FROM complaint WHERE id = :id FOR UPDATE NOWAIT"
        assert (await other.execute(sa.text(free), {"id": higher})).all()
        assert (await other.execute(sa.text("SELECT 1 FROM nonconformity"))).all() == []
    assert await asyncio.wait_for(hearing, 20) == [Claim.NEW, Claim.NEW]


async def test_complaints_of_one_nonconformity_that_is_known_do_not_wait_for_each_other(world: World) -> None:
    first, second = await received(world), await received(world)
    await world.hears(triage(first))
    async with world.engine.begin() as other:
        await other.execute(sa.text("SELECT FROM nonconformity FOR NO KEY UPDATE"))

        assert await asyncio.wait_for(world.hears(triage(second, "linked")), 20) is Claim.NEW


async def test_facts_of_one_kind_are_sent_together_however_many_they_are(world: World) -> None:
    complaints = [await received(world) for _ in range(6)]
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(world.engine.sync_engine, "before_cursor_execute", hear)
    try:
        await world.hears_together([triage(each, "linked") for each in complaints])
    finally:
        sa.event.remove(world.engine.sync_engine, "before_cursor_execute", hear)

    assert len([each for each in asked if "INSERT INTO triage" in each]) == 1
    shown = [await read(world, each) for each in complaints]
    assert [each["nonconformity"]["number"] for each in shown] == ["NC-1001"] * 6
