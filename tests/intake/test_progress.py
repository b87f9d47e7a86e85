"""What capa announces, shown with the complaint."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from events.contracts.capa import (
    ActionEvidenceRejectedV1,
    ActionVerifiedV1,
    NonconformityClosedV1,
    NonconformityDispositionedV1,
)
from events.delivery import Claim
from events.envelope import Event
from tests.intake.capa_events import (
    ACTION,
    DUE,
    NC,
    assigned,
    cancelled,
    completed,
    due_changed,
    event_of_capa,
    linked,
    raised,
    read,
    reassigned,
    received,
    somebody_waits,
    triage,
)
from tests.intake.world import NOON, World
from tests.support.waiting import until


async def test_a_complaint_shows_what_triage_decided_and_why(world: World) -> None:
    complaint = await received(world)

    await world.hears(triage(complaint, "declined", nc=None))

    shown = await read(world, complaint)
    assert shown["triage"] == {
        "state": "declined",
        "reason": "severity",
        "explanation": "It is major.",
        "policy_version": "2026-11",
        "decided_at": "2026-11-20T12:00:00Z",
    }
    assert (shown["nonconformity"], shown["actions"], shown["version"]) == (None, [], 1)


@pytest.mark.parametrize("tell", [triage, raised, linked], ids=["triage", "raised", "linked"])
async def test_whatever_is_told_of_a_complaint_holds_the_complaint_before_anything_else(
    world: World, tell: Callable[[UUID], Event[Any]]
) -> None:
    complaint = await received(world)
    await world.hears(triage(complaint, version=1))
    async with world.engine.begin() as other:
        await other.execute(sa.text("SELECT 1 FROM complaint WHERE id = :id FOR UPDATE"), {"id": complaint})
        hearing = asyncio.create_task(world.hears(tell(complaint)))

        await until(lambda: somebody_waits(world), what="the event waits for the complaint")

        # Whoever holds one and wants the other would wait for ever: nothing else may be held by now.
        for table in ("triage", "nonconformity", "complaint_link"):
            rows = await other.execute(sa.text(f"SELECT 1 FROM {table} FOR UPDATE NOWAIT"))  # noqa: S608 - our own
            assert rows.all(), table
    assert await asyncio.wait_for(hearing, 20) is Claim.NEW


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_in_whatever_order_capas_events_come_the_complaint_shows_the_same(
    world: World, order: tuple[int, ...]
) -> None:
    complaint = await received(world)
    events = [triage(complaint), raised(complaint), assigned()]

    for place in order:
        await world.hears(events[place])

    shown = await read(world, complaint)
    assert (shown["triage"]["state"], shown["nonconformity"]) == (
        "raised",
        {"id": str(NC), "number": "NC-1001", "state": "open"},
    )
    assert shown["actions"] == [
        {
            "id": str(ACTION),
            "number": "A-1001",
            "kind": "containment",
            "owner": "credit.team",
            "team": "credit",
            "due_at": "2026-11-21T12:00:00Z",
            "overdue": False,
            "state": "open",
        }
    ]


async def test_a_linked_complaint_shows_the_nonconformity_before_triage_has_spoken(world: World) -> None:
    complaint = await received(world)

    await world.hears(linked(complaint))

    shown = await read(world, complaint)
    assert (shown["triage"]["state"], shown["nonconformity"]["number"]) == ("pending", "NC-1001")


async def test_an_action_is_overdue_when_its_time_is_past_and_nobody_has_to_say_so(world: World) -> None:
    complaint = await received(world)
    for event in (triage(complaint), assigned()):
        await world.hears(event)

    world.clock.now = DUE + timedelta(microseconds=1)

    assert (await read(world, complaint))["actions"][0]["overdue"] is True


@pytest.mark.parametrize(("last", "state"), [(completed, "completed"), (cancelled, "cancelled")])
async def test_a_finished_action_says_so_and_is_never_overdue(world: World, last: Any, state: str) -> None:
    complaint = await received(world)
    for event in (triage(complaint), assigned(), last()):
        await world.hears(event)
    world.clock.move(days=30)

    (action,) = (await read(world, complaint))["actions"]
    assert (action["state"], action["overdue"]) == (state, False)


async def test_a_new_owner_and_a_new_due_instant_are_shown(world: World) -> None:
    complaint = await received(world)

    for event in (triage(complaint), assigned(), reassigned(), due_changed()):
        await world.hears(event)

    (action,) = (await read(world, complaint))["actions"]
    assert (action["owner"], action["team"], action["due_at"]) == ("debt.team", None, "2026-11-23T12:00:00Z")


async def test_what_is_older_than_what_is_known_is_ignored(world: World) -> None:
    complaint = await received(world)
    for event in (triage(complaint, version=2), assigned(), reassigned(version=5)):
        await world.hears(event)

    for event in (triage(complaint, "declined", version=1, nc=None), due_changed(version=4)):
        await world.hears(event)

    shown = await read(world, complaint)
    assert (shown["triage"]["state"], shown["actions"][0]["due_at"]) == ("raised", "2026-11-21T12:00:00Z")


async def test_a_second_delivery_does_nothing(world: World) -> None:
    complaint = await received(world)
    event = triage(complaint)
    await world.hears(event)

    assert await world.hears(event) is Claim.SEEN


async def test_an_action_of_anything_but_a_nonconformity_is_not_shown(world: World) -> None:
    complaint = await received(world)
    await world.hears(triage(complaint))

    await world.hears(assigned("case"))

    assert (await read(world, complaint))["actions"] == []


async def test_lists_filter_by_triage_and_find_what_moved_since(world: World) -> None:
    crm = world.client("crm")
    decided, _ = await received(world, external_id="A"), await received(world, external_id="B")
    world.clock.move(hours=1)
    await world.hears(triage(decided))
    world.clock.move(hours=1)
    await world.hears(assigned())

    async def found(**query: Any) -> list[str]:
        answer = await crm.get("/v1/complaints", params=query)
        return [item["external_id"] for item in answer.json()["items"]]

    assert await found(triage="raised") == ["A"]
    assert await found(triage="pending") == ["B"]
    assert await found(triage=["raised", "pending"], sort="recorded_at") == ["A", "B"]
    assert await found(updated_since="2026-11-20T13:30:00Z") == ["A"]
    assert await found(updated_since="2026-11-20T14:30:00Z") == []


async def test_what_triage_decided_is_no_longer_marked_as_waiting_for_it(world: World) -> None:
    first, second = await received(world), await received(world)
    await world.hears(triage(first, "declined", nc=None))

    answer = await world.client("staff").get("/v1/complaints", params={"triage": "pending"})
    assert [item["id"] for item in answer.json()["items"]] == [str(second)]
    assert [row.id for row in await world.rows("SELECT id FROM complaint WHERE awaits_triage")] == [second]


def _dispositioned(version: int = 2) -> Event[Any]:
    data = NonconformityDispositionedV1(
        nonconformity_id=NC,
        number="NC-1001",
        dispositions=("rework",),
        rationale="labels can be replaced",
        dispositioned_at=NOON,
    )
    return event_of_capa(data, NC, version)


def _closed(version: int = 3) -> Event[Any]:
    data = NonconformityClosedV1(nonconformity_id=NC, number="NC-1001", case_needed=False, closed_at=NOON)
    return event_of_capa(data, NC, version)


def _evidence_rejected() -> Event[Any]:
    data = ActionEvidenceRejectedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        reason="not all of it",
        rejected_at=NOON,
    )
    return event_of_capa(data, NC, 5)


def _verified() -> Event[Any]:
    data = ActionVerifiedV1(
        action_id=ACTION, number="A-1001", parent_kind="nonconformity", parent_id=NC, verified_at=NOON
    )
    return event_of_capa(data, NC, 6)


async def test_a_complaint_shows_where_its_nonconformity_stands_in_whatever_order_that_is_told(
    world: World,
) -> None:
    complaint = await received(world)
    shown = []
    for event in (raised(complaint), _dispositioned(), _closed(), _dispositioned()):
        await world.hears(event)
        shown.append((await read(world, complaint))["nonconformity"]["state"])
    assert shown == ["open", "dispositioned", "closed", "closed"]


async def test_a_complaint_shows_that_evidence_was_rejected_and_that_the_work_was_verified(
    world: World,
) -> None:
    complaint = await received(world)
    shown = []
    for event in (raised(complaint), assigned(), completed(), _evidence_rejected(), _verified()):
        await world.hears(event)
        shown.append([action["state"] for action in (await read(world, complaint))["actions"]])
    assert shown[1:] == [["open"], ["completed"], ["open"], ["verified"]]
