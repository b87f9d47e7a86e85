"""A complaint's timeline shows what its clocks did, its steps by their verbs, and messages apart from both."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.intake.clocks.test_rebasing import ANNA, change_policy, lines
from tests.intake.clocks.timing import NOON, berlin
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import World


async def timeline(world: World, number: str, **query: Any) -> list[dict[str, Any]]:
    answer = await world.client("reader").get(
        f"/v1/complaints/{number}/timeline", params={"limit": 100, **query}
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def of_clock(items: list[dict[str, Any]], name: str) -> list[tuple[str, str]]:
    return [(item["action"], item["at"]) for item in items if item["changes"].get("clock") == name]


async def worked_on(desk: Desk) -> str:
    """A complaint whose customer was waited for, and that was answered in time and acknowledged too late."""
    number = await desk.receive()
    clock = desk.world.clock
    clock.now = berlin(24, 10)
    await desk.take(number, "acknowledge", "assess")
    clock.now = berlin(25, 10)
    await desk.take(number, "wait-for-customer")
    clock.now = berlin(26, 10)
    await desk.take(number, "end-waiting")
    clock.now = berlin(27, 10)
    await desk.take(number, "wait-for-customer")
    clock.now = berlin(27, 12)
    await desk.take(number, "assign", "start-investigation", "update-customer", "respond")
    return number


async def test_a_clock_shows_when_it_started_stood_still_ran_on_and_what_came_of_it(desk: Desk) -> None:
    number = await worked_on(desk)

    items = await timeline(desk.world, number, kind="clock")

    assert {item["kind"] for item in items} == {"clock"}
    assert of_clock(items, "acknowledge") == [
        ("clock_started", "2026-11-20T12:00:00Z"),
        ("clock_missed", "2026-11-24T09:00:00Z"),
    ]
    assert of_clock(items, "respond") == [
        ("clock_started", "2026-11-20T12:00:00Z"),
        ("clock_paused", "2026-11-25T09:00:00Z"),
        ("clock_resumed", "2026-11-26T09:00:00Z"),
        ("clock_paused", "2026-11-27T09:00:00Z"),
        ("clock_met", "2026-11-27T11:00:00Z"),
    ]
    missed = next(item for item in items if item["action"] == "clock_missed")
    assert missed["changes"] == {
        "clock": "acknowledge",
        "kind": "acknowledge",
        "run": 1,
        "ended_by": "acknowledged",
        "due_at": "2026-11-23T16:00:00.000000Z",
        "by_seconds": timedelta(hours=17).total_seconds(),
    }
    started = items[0]
    assert (started["actor"], started["subject_kind"], started["position"]) == (
        "service:intake",
        "complaint",
        None,
    )
    assert started["changes"]["due_at"] == "2026-11-23T16:00:00.000000Z"


async def test_a_clock_on_hold_is_shown_as_paused_and_one_that_nothing_is_owed_for_as_voided(
    desk: Desk,
) -> None:
    waiting, rejected = await desk.receive(), await desk.receive()
    for number in (waiting, rejected):
        desk.world.clock.move(hours=1)
        await desk.take(number, "acknowledge")
    await desk.take(waiting, "wait-for-customer")
    await desk.take(rejected, "reject")

    assert [action for action, _ in of_clock(await timeline(desk.world, waiting), "respond")] == [
        "clock_started",
        "clock_paused",
    ]
    voided = [item for item in await timeline(desk.world, rejected) if item["action"] == "clock_voided"]
    assert [(item["changes"]["clock"], "by_seconds" in item["changes"]) for item in voided] == [
        ("respond", False),
        ("update", False),
    ]


async def test_what_a_clock_did_comes_after_the_step_that_made_it_do_so(desk: Desk) -> None:
    number = await worked_on(desk)

    items = [
        item["action"] for item in await timeline(desk.world, number) if item["at"] == "2026-11-24T09:00:00Z"
    ]

    assert items[:2] == ["acknowledged", "assessed"]
    assert {"clock_missed", "clock_met"} & set(items[2:])


async def test_steps_are_shown_by_their_verbs_and_what_was_told_to_the_customer_as_messages(
    desk: Desk,
) -> None:
    number = await worked_on(desk)
    await desk.take(number, "record-contact-attempt", "customer-rejects")

    messages = await timeline(desk.world, number, kind="message")
    steps = await timeline(desk.world, number, kind="step")

    assert [item["action"] for item in messages] == [
        "acknowledged",
        "waiting_began",
        "waiting_began",
        "customer_updated",
        "responded",
        "contact_attempted",
        "customer_rejected",
    ]
    assert [item["action"] for item in steps] == [
        "received",
        "assessed",
        "waiting_ended",
        "assigned",
        "investigation_started",
    ]
    assert all(item["position"] for item in [*messages, *steps])
    assert messages[4]["changes"]["channel"] == "letter"


async def test_a_step_stands_where_it_happened_and_not_where_it_was_written_down(desk: Desk) -> None:
    number = await desk.receive()
    desk.world.clock.now = berlin(24, 10)
    await desk.take(number, "assess")
    await desk.take(number, "acknowledge", at=(NOON + timedelta(hours=1)).isoformat())

    items = await timeline(desk.world, number, kind=["step", "message"])

    assert [(item["action"], item["at"], item["position"]) for item in items] == [
        ("received", "2026-11-20T12:00:00Z", 1),
        ("acknowledged", "2026-11-20T13:00:00Z", 3),
        ("assessed", "2026-11-24T09:00:00Z", 2),
    ]


@pytest.mark.parametrize("sort", ["at", "-at"])
async def test_pages_show_everything_that_clocks_did_once(desk: Desk, sort: str) -> None:
    number = await worked_on(desk)
    whole = await timeline(desk.world, number, sort=sort)
    client, found = desk.world.client("reader"), []
    query: dict[str, Any] = {"limit": 3, "sort": sort}
    while True:
        page = (await client.get(f"/v1/complaints/{number}/timeline", params=query)).json()
        found += page["items"]
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]

    assert found == whole
    assert len({str(item) for item in whole}) == len(whole)


async def test_clocks_that_were_counted_anew_are_shown_with_what_was_before(
    desk: Desk, tmp_path: Path
) -> None:
    number = await desk.receive()
    change_policy(desk.world, tmp_path)
    await lines(desk.world, ANNA)

    shown = await timeline(desk.world, number, kind="clock")
    (rebased,) = [item for item in shown if item["action"] == "clocks_rebased"]

    assert (rebased["kind"], rebased["actor"], rebased["position"]) == (
        "clock",
        "person:anna.berg",
        2,
    )
    assert {each["clock"]: each["due_at"] for each in rebased["changes"]["clocks"] if "due_at" in each}[
        "respond"
    ] == ["2026-12-18T16:00:00.000000Z", "2026-12-04T16:00:00.000000Z"]
    voided = [item for item in shown if item["action"] == "clock_voided"]
    assert [item["changes"]["ended_by"] for item in voided] == ["no_longer_applies"]
