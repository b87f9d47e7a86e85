"""The feed of changes: whole, in order, each source's own, and waited for."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from intake.jobs.publish_changes import RunChanges
from intake.usecases.publish_changes import NOTHING
from tests.intake.capa_events import assigned, linked, raised, triage
from tests.intake.crm import changes, publish, receive
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import World


def types(found: dict[str, Any]) -> list[str]:
    return [item["type"] for item in found["items"]]


def ids(found: dict[str, Any]) -> list[str]:
    return [item["data"]["external_id"] for item in found["items"]]


async def amend(client: httpx.AsyncClient, reference: str, **values: Any) -> None:
    answer = await client.patch(
        f"/v1/complaints/{reference}", json=values | {"reason": "read wrongly"}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text


async def test_every_change_of_a_complaint_is_told_in_order_with_the_names_of_what_changed(
    world: World,
) -> None:
    crm = world.client("crm")
    received = await receive(crm, "1")
    await publish(world)
    world.clock.move(hours=1)
    await amend(crm, received["id"], lot="L-7", description="Charged three times.")
    await publish(world)

    found = await changes(crm)
    assert types(found) == ["complaint.received", "complaint.updated"]
    first, second = (item["data"] for item in found["items"])
    assert (first["changed"], second["changed"]) == ([], ["description", "lot"])
    assert (first["version"], second["version"]) == (1, 2)
    assert (second["number"], second["external_id"], second["source_system"]) == (
        received["number"],
        "1",
        "crm",
    )
    assert second["link"] == f"/v1/complaints/{received['id']}"
    assert found["items"][1]["timestamp"].startswith("2026-11-20T13:00:00")


async def test_what_a_person_wrote_is_in_no_change(world: World) -> None:
    crm = world.client("crm")
    received = await receive(crm, "1", description="My heart stopped.", complainant={"name": "Ada Moreau"})
    await amend(crm, received["id"], complainant={"name": "Bea Moreau"}, title="Heart")
    await publish(world)
    answer = (await crm.get("/v1/changes")).text
    assert "complainant" in answer  # its name is told, and nothing of its content
    assert not any(word in answer for word in ("heart", "Heart", "Moreau"))


async def test_what_capa_decides_and_does_is_a_change_of_each_complaint_concerned(world: World) -> None:
    crm = world.client("crm")
    first, second = [UUID((await receive(crm, name))["id"]) for name in ("1", "2")]
    await publish(world)
    cursor = (await changes(crm))["next_cursor"]
    for event in (triage(first), raised(first), linked(second)):
        await world.hears(event)
    await publish(world)
    decided = await changes(crm, after=cursor)
    assert [(item["type"], item["data"]["external_id"]) for item in decided["items"]] == [
        ("complaint.decided", "1"),
        ("nonconformity.changed", "1"),
        ("nonconformity.changed", "2"),
    ]
    await world.hears(assigned())
    await publish(world)
    acted = await changes(crm, after=decided["next_cursor"])
    assert (types(acted), ids(acted)) == (["action.changed"] * 2, ["1", "2"])
    assert acted["items"][0]["data"]["changed"] == ["actions"]


async def test_each_step_of_a_complaint_is_told_with_whether_its_state_is_another(world: World) -> None:
    desk, crm = Desk(world), world.client("crm")
    number = await desk.receive(external_id="1")
    await publish(world)
    cursor = (await changes(crm))["next_cursor"]
    for step in ("acknowledge", "assess", "assign", "start-investigation"):
        await desk.take(number, step)
        await publish(world)

    found = (await changes(crm, after=cursor))["items"]
    assert {item["type"] for item in found} == {"complaint.step_taken"}
    shown = [item["data"] for item in found]
    assert [(one["action"], one["changed"], one["state"], one["version"]) for one in shown] == [
        ("acknowledged", ["handling"], "received", 2),
        ("assessed", ["handling", "state"], "assessed", 3),
        ("assigned", ["handling"], "assessed", 4),
        ("investigation_started", ["handling", "state"], "investigating", 5),
    ]
    assert "otto.owner" not in str(found)


async def test_what_is_told_again_is_no_change(world: World) -> None:
    crm = world.client("crm")
    first = UUID((await receive(crm, "1"))["id"])
    await world.hears(triage(first))
    await publish(world)
    cursor = (await changes(crm))["next_cursor"]
    await world.hears(triage(first))
    await receive(crm, "1")
    assert await publish(world) == 0
    assert (await changes(crm, after=cursor))["items"] == []


async def test_whatever_continues_the_history_is_told_whichever_use_case_does(world: World) -> None:
    crm = world.client("crm")
    received = await receive(crm, "1")
    async with world.engine.begin() as connection:
        await connection.execute(
            sa.text("""
            INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, previous, hash)
            SELECT complaint_id, 2, at, actor, 'attached', '{"sha256": "0"}', '', hash, 'x' FROM complaint_history
            """)
        )
    await publish(world)
    found = await changes(crm)
    assert found["items"][1]["data"]["action"] == "attached"
    assert found["items"][1]["data"]["changed"] == ["files"]
    assert received["version"] == found["items"][1]["data"]["version"]


async def test_a_transaction_that_commits_late_is_not_skipped(world: World) -> None:
    crm = world.client("crm")
    slow = await receive(crm, "slow")
    await publish(world)
    cursor = (await changes(crm))["next_cursor"]
    async with world.engine.connect() as late:
        begun = await late.begin()
        # It takes its place in the queue now, before all that follows, and commits after it.
        await late.execute(
            sa.text("""
            INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, previous, hash)
            SELECT complaint_id, 2, at, actor, 'amended', '{"lot": [null, "L"]}', '', hash, 'x' FROM complaint_history
             WHERE complaint_id = :id
            """),
            {"id": slow["id"]},
        )
        await receive(crm, "fast")
        assert await publish(world) == 1
        before = await changes(crm, after=cursor)
        assert ids(before) == ["fast"]
        await begun.commit()
    assert await publish(world) == 1
    assert ids(await changes(crm, after=before["next_cursor"])) == ["slow"]


async def test_one_at_a_time_gives_positions_so_that_they_become_visible_in_their_order(world: World) -> None:
    crm = world.client("crm")
    await receive(crm, "1")
    crm_work = world.intake.crm.start_work
    async with crm_work() as work:
        assert await work.feed.hold() == 0
        # Another process finds the feed held, and leaves the queue alone rather than wait.
        assert await world.intake.crm.publish()() is NOTHING
    assert await publish(world) == 1


async def test_many_that_write_and_publish_at_once_lose_nothing_and_keep_each_complaints_order(
    world: World,
) -> None:
    crm = world.client("crm")
    ready = asyncio.Event()

    async def write(number: int) -> None:
        received = await receive(crm, str(number))
        for lot in ("A", "B", "C"):
            await amend(crm, received["id"], lot=lot)

    async def keep_publishing() -> None:
        while not ready.is_set():
            await world.intake.crm.publish()()
            await asyncio.sleep(0)

    publishers = [asyncio.create_task(keep_publishing()) for _ in range(2)]
    seen: list[dict[str, Any]] = []
    cursor: str | None = None
    writing = asyncio.gather(*(write(number) for number in range(12)))
    while not writing.done():
        found = await changes(crm, **({"after": cursor} if cursor else {}), limit=7)
        seen, cursor = seen + found["items"], found["next_cursor"]
    await writing
    ready.set()
    await asyncio.gather(*publishers)
    await publish(world)
    while (found := await changes(crm, after=cursor))["items"]:
        seen, cursor = seen + found["items"], found["next_cursor"]
    assert len(seen) == 48
    assert len({item["data"]["change_id"] for item in seen}) == 48
    for number in range(12):
        kinds = [one["type"] for one in seen if one["data"]["external_id"] == str(number)]
        assert kinds == ["complaint.received", *["complaint.updated"] * 3]


async def test_two_sources_never_see_each_others_changes_and_staff_see_both(world: World) -> None:
    crm, shop, staff = (world.client(who) for who in ("crm", "shop", "staff"))
    await receive(crm, "of-crm")
    await receive(shop, "of-shop")
    await publish(world)
    assert (ids(await changes(crm)), ids(await changes(shop))) == (["of-crm"], ["of-shop"])
    assert sorted(ids(await changes(staff))) == ["of-crm", "of-shop"]


async def test_a_cursor_is_its_sources_own(world: World) -> None:
    crm, shop = world.client("crm"), world.client("shop")
    cursor = (await changes(crm))["next_cursor"]
    answer = await shop.get("/v1/changes", params={"after": cursor})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "invalid-cursor")


async def test_pages_join_without_gap_or_repeat(world: World) -> None:
    crm = world.client("crm")
    for number in range(5):
        await receive(crm, str(number))
    await publish(world)
    first = await changes(crm, limit=2)
    second = await changes(crm, limit=2, after=first["next_cursor"])
    third = await changes(crm, limit=2, after=second["next_cursor"])
    assert [ids(first), ids(second), ids(third)] == [["0", "1"], ["2", "3"], ["4"]]
    assert [first["has_more"], second["has_more"], third["has_more"]] == [True, True, False]


async def test_latest_begins_with_what_comes_from_now_on(world: World) -> None:
    crm = world.client("crm")
    await receive(crm, "before")
    await publish(world)
    cursor = (await changes(crm, after="latest"))["next_cursor"]
    await receive(crm, "after")
    await publish(world)
    assert ids(await changes(crm, after=cursor)) == ["after"]


async def test_whoever_waits_is_answered_as_soon_as_something_changes(world: World) -> None:
    crm = world.client("crm")
    cursor = (await changes(crm, after="latest"))["next_cursor"]
    waiting = asyncio.create_task(changes(crm, after=cursor, wait=30))
    await receive(world.client("shop"), "of-another")
    await publish(world)
    await receive(crm, "1")
    await publish(world)
    async with asyncio.timeout(10):
        assert ids(await waiting) == ["1"]


async def test_a_stopping_process_lets_those_go_who_wait(world: World) -> None:
    crm = world.client("crm")
    cursor = (await changes(crm, after="latest"))["next_cursor"]
    waiting = asyncio.create_task(changes(crm, after=cursor, wait=30))
    await asyncio.sleep(0)
    world.app.state.feed_watch.close()
    async with asyncio.timeout(10):
        assert (await waiting)["items"] == []


async def test_a_cursor_that_is_older_than_the_feed_remembers_is_refused_with_the_way_out(
    world: World,
) -> None:
    crm = world.client("crm")
    await receive(crm, "old")
    old = (await changes(crm))["next_cursor"]
    await publish(world)
    world.clock.move(days=31)
    await receive(crm, "new")
    await publish(world)
    assert await world.intake.crm.forget()() == 1
    answer = await crm.get("/v1/changes", params={"after": old})
    problem = answer.json()
    assert (answer.status_code, problem["type"].rpartition("/")[2]) == (410, "cursor-expired")
    assert "latest" in problem["errors"][0]["fix"]
    assert ids(await changes(crm)) == ["new"]


@pytest.mark.parametrize(("name", "value"), [("limit", 0), ("limit", 501), ("wait", 31), ("after", "x")])
async def test_what_is_asked_wrongly_is_refused_by_its_name(world: World, name: str, value: Any) -> None:
    answer = await world.client("crm").get("/v1/changes", params={name: value})
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["parameter"] == name


async def test_the_worker_publishes_without_being_asked(world: World) -> None:
    crm = world.intake.crm
    stop = asyncio.Event()
    loop = RunChanges(crm.publish(), crm.forget(), world.clock, world.intake.wake.changes, poll=0.01)
    running = asyncio.create_task(loop.run(stop, lambda: None))
    client = world.client("crm")
    await receive(client, "1")
    try:
        assert ids(await changes(client, wait=10)) == ["1"]
    finally:
        stop.set()
        await running


async def test_what_capa_tells_is_published_at_once_though_intake_announces_nothing_of_it(
    world: World,
) -> None:
    crm, stop, client = world.intake.crm, asyncio.Event(), world.client("crm")
    loop = RunChanges(crm.publish(), crm.forget(), world.clock, world.intake.wake.changes, poll=3_600)
    running = asyncio.create_task(loop.run(stop, lambda: None))
    try:
        received = await receive(client, "1")
        cursor = (await changes(client, wait=10))["next_cursor"]

        await world.hears(triage(UUID(received["id"])))

        assert "complaint.decided" in types(await changes(client, after=cursor, wait=10))
    finally:
        stop.set()
        await running
