"""Intake's complaints are told again in bounded parts that can be broken off and taken up, at a bounded rate."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from events.again import Part, Place
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.postgres import announce_again
from events.postgres.announce_again import Telling
from intake.__main__ import _parser
from intake.usecases.announce_again import SECTIONS
from intake.wiring import build_announce_again
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import NOON, World, a_complaint
from tests.support.waiting import until


async def take_in(world: World, count: int) -> list[str]:
    """Take complaints in, each an hour after the one before; what was told of them is forgotten."""
    numbers = []
    for _ in range(count):
        answer = await world.client("crm").post("/v1/complaints", json=a_complaint())
        numbers.append(answer.json()["number"])
        world.clock.move(hours=1)
    await forget_outbox(world)
    return numbers


async def forget_outbox(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox"))


async def run(world: World, *arguments: str) -> int:
    options = _parser().parse_args(["announce-again", *arguments])
    return await announce_again.command(world.engine, build_announce_again(world.intake), options)


async def told_numbers(world: World) -> list[str]:
    return [event.data.number for event in await world.told() if isinstance(event.data, ComplaintReceivedV1)]


def said(capsys: pytest.CaptureFixture[str]) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"')]


async def test_a_complaint_is_told_as_it_was_received_and_then_as_it_is_now(world: World) -> None:
    crm, staff = world.client("crm"), world.client("staff")
    posted = await crm.post(
        "/v1/complaints",
        json=a_complaint(external_id="K-1", lot="L-1", site="plant-1", occurred_at="2026-11-19T08:00:00Z"),
    )
    (first,) = await world.told()
    await forget_outbox(world)
    path = f"/v1/complaints/{posted.json()['number']}"
    for changes in (
        {"category": "fees", "title": "Charged twice"},
        {"lot": None, "site": "plant-2", "channel": "email"},
    ):
        world.clock.move(hours=1)
        version = (await staff.get(path)).headers["ETag"]
        changed = await staff.patch(
            path, json={**changes, "reason": "heard on the phone"}, headers={"If-Match": version}
        )
        assert changed.status_code == 200, changed.text
    latest = (await world.told())[-1]
    await forget_outbox(world)
    world.clock.move(days=1)
    await run(world)
    received, amended = await world.told()
    assert received.data == first.data
    assert isinstance(amended.data, ComplaintAmendedV1)
    assert set(amended.data.changed) == {"category", "title", "lot", "site", "channel"}
    assert amended.data == latest.data.model_copy(update={"changed": amended.data.changed})
    for again, before in ((received, first), (amended, latest)):
        assert again.id != before.id
        assert (again.version, again.occurred_at, again.actor, again.correlation_id) == (
            before.version,
            before.occurred_at,
            before.actor,
            before.correlation_id,
        )
        assert again.recorded_at == world.clock()
    assert [row.sequence for row in await world.rows("SELECT sequence FROM outbox ORDER BY position")] == [
        4,
        5,
    ]


async def test_a_step_after_a_status_note_is_told_again_in_the_version_that_it_made(world: World) -> None:
    desk, crm = Desk(world), world.client("crm")
    number = await desk.receive(external_id="K-1")
    path = "/v1/complaints/by-external-id/-/K-1/crm-status"
    assert (await crm.put(path, json={"code": "waiting"}, headers={"If-Match": "*"})).status_code == 200
    await desk.take(number, "acknowledge")
    first = [(event.type, event.version) for event in await world.told()]
    await forget_outbox(world)
    await run(world)
    assert [(event.type, event.version) for event in await world.told()] == first
    assert [version for _, version in first] == [1, 2, 3]


async def test_a_dry_run_counts_and_tells_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await take_in(world, 3)
    capsys.readouterr()
    assert await run(world, "--dry-run", "--batch", "2") == 0
    assert said(capsys)[-1] == {
        "would_announce": 3,
        "records": 3,
        "events": {"redress.complaint.received.v1": 3},
    }
    assert await world.told() == []


async def test_only_what_changed_since_is_told_where_that_is_asked(world: World) -> None:
    numbers = await take_in(world, 3)
    since = NOON.replace(hour=NOON.hour + 1)
    assert await run(world, "--since", since.isoformat()) == 0
    assert await told_numbers(world) == numbers[1:]


async def test_it_goes_on_after_the_place_that_was_printed_when_it_was_broken_off(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = await take_in(world, 5)
    capsys.readouterr()
    running = asyncio.create_task(run(world, "--batch", "2", "--per-second", "0.01"))

    async def told_a_part() -> bool:
        return len(await told_numbers(world)) == 2

    await until(told_a_part, what="the first part is told")
    printed: list[dict[str, Any]] = []

    def place_is_said() -> bool:
        printed.extend(said(capsys))
        return bool(printed)

    await until(place_is_said, what="the place is printed")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await run(world, "--after", printed[-1]["after"]) == 0
    assert await told_numbers(world) == numbers


async def test_no_more_events_a_second_are_told_than_allowed(world: World) -> None:
    await take_in(world, 6)
    started = time.monotonic()
    assert await run(world, "--batch", "2", "--per-second", "4") == 0
    assert time.monotonic() - started >= 0.9  # two waits of half a second each


async def test_it_waits_while_the_relay_is_behind(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await take_in(world, 3)
    telling = Telling(
        announce=build_announce_again(world.intake),
        engine=world.engine,
        place=Place(SECTIONS[0]),
        since=None,
        batch=2,
        per_second=1_000,
        dry_run=False,
        most_waiting=2,
    )
    running = asyncio.create_task(telling.run())
    said_so: list[str] = []

    def waits() -> bool:
        said_so.append(capsys.readouterr().err)
        return "waiting for the relay" in "".join(said_so)

    await until(waits, what="it says that it waits")
    assert await world.count("outbox") == 2
    await forget_outbox(world)
    await asyncio.wait_for(running, 20)
    assert (telling.records, await world.count("outbox")) == (3, 1)


async def test_a_complaint_cannot_change_between_being_read_and_being_told(world: World) -> None:
    """Or its older state would be told after the newer one."""
    await take_in(world, 1)
    announce = build_announce_again(world.intake)
    async with world.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE complaint SET updated_at = updated_at"))
        telling = asyncio.create_task(
            announce(Part(place=Place(SECTIONS[0]), since=None, records=10, dry_run=False))
        )

        async def waits() -> bool:
            rows = await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted")
            return bool(rows)

        await until(waits, what="the telling waits for the change")
    assert (await telling).records == 1


@pytest.mark.parametrize("place", ["nowhere", "complaints:7", "complaints:a/b"])
async def test_a_place_that_does_not_exist_is_refused(
    world: World, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    assert await run(world, "--after", place) == 2
    assert "--after: " in capsys.readouterr().err
    assert await world.told() == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("--since", "2026-11-27T08:00:00"),
        ("--since", "yesterday"),
        ("--per-second", "0"),
        ("--per-second", "nan"),
        ("--batch", "0"),
        ("--batch", "5001"),
    ],
)
def test_an_option_that_means_nothing_is_refused(wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as refused:
        _parser().parse_args(["announce-again", *wrong])
    assert refused.value.code == 2
