"""What capa announces, shown with the complaint."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from common.ids import new_id
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionEvidenceRejectedV1,
    ActionReassignedV1,
    ActionVerifiedV1,
    NonconformityClosedV1,
    NonconformityDispositionedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    TriageDecidedV1,
)
from events.contracts.words import ActionKind, Punctuality, Severity, TriageOutcome
from events.delivery import Claim
from events.envelope import Contract, Event
from tests.intake.world import NOON, World, a_complaint
from tests.support.waiting import until

NC, ACTION = UUID(int=1), UUID(int=2)
DUE = NOON + timedelta(days=1)


def _event(data: Contract, key: UUID, version: int = 1) -> Event[Any]:
    kind: Any = Event[type(data)]  # type: ignore[misc]  # chosen at run time
    return kind(  # type: ignore[no-any-return]  # an event, of whatever contract
        id=new_id(),
        source="/redress/capa",
        key=str(key),
        subject=str(key),
        version=version,
        occurred_at=NOON,
        recorded_at=NOON,
        actor="service:capa",
        correlation_id=UUID(int=9),
        data=data,
    )


def _triage(complaint: UUID, outcome: str = "raised", version: int = 1, nc: UUID | None = NC) -> Event[Any]:
    data = TriageDecidedV1(
        complaint_id=complaint,
        complaint_number="C-10001",
        outcome=TriageOutcome(outcome),
        reason="severity",
        explanation="It is major.",
        policy_version="2026-11",
        decided_at=NOON,
        nonconformity_id=nc,
        nonconformity_number="NC-1001" if nc else None,
    )
    return _event(data, complaint, version)


def _raised(complaint: UUID) -> Event[Any]:
    data = NonconformityRaisedV1(
        nonconformity_id=NC,
        number="NC-1001",
        product="credit-card",
        category="fees",
        severity=Severity.MAJOR,
        origin="complaint",
        complaint_id=complaint,
        raised_at=NOON,
    )
    return _event(data, NC)


def _linked(complaint: UUID) -> Event[Any]:
    data = NonconformityLinkedV1(nonconformity_id=NC, number="NC-1001", complaint_id=complaint, complaints=2)
    return _event(data, NC, 2)


def _assigned(parent_kind: str = "nonconformity") -> Event[Any]:
    data = ActionAssignedV1(
        action_id=ACTION,
        number="A-1001",
        kind=ActionKind.CONTAINMENT,
        parent_kind=parent_kind,
        parent_id=NC,
        title="Contain",
        owner="credit.team",
        team="credit",
        severity=Severity.MAJOR,
        due_at=DUE,
    )
    return _event(data, NC)


def _reassigned(version: int = 2) -> Event[Any]:
    data = ActionReassignedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        owner="debt.team",
        previous_owner="credit.team",
        reason="theirs",
    )
    return _event(data, NC, version)


def _due_changed(version: int = 3) -> Event[Any]:
    data = ActionDueChangedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        due_at=DUE + timedelta(days=2),
        previous_due_at=DUE,
        original_due_at=DUE,
        reason="supplier",
    )
    return _event(data, NC, version)


def _completed() -> Event[Any]:
    data = ActionCompletedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        completed_at=NOON,
        punctuality=Punctuality.EARLY,
    )
    return _event(data, NC, 4)


def _cancelled() -> Event[Any]:
    data = ActionCancelledV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        cancelled_at=NOON,
        reason="no",
    )
    return _event(data, NC, 4)


async def _received(world: World, **changes: Any) -> UUID:
    answer = await world.client("crm").post("/v1/complaints", json=a_complaint(**changes))
    return UUID(answer.json()["id"])


async def _read(world: World, complaint: UUID) -> dict[str, Any]:
    body: dict[str, Any] = (await world.client("crm").get(f"/v1/complaints/{complaint}")).json()
    return body


async def test_a_complaint_shows_what_triage_decided_and_why(world: World) -> None:
    complaint = await _received(world)

    await world.hears(_triage(complaint, "declined", nc=None))

    shown = await _read(world, complaint)
    assert shown["triage"] == {
        "state": "declined",
        "reason": "severity",
        "explanation": "It is major.",
        "policy_version": "2026-11",
        "decided_at": "2026-11-20T12:00:00Z",
    }
    assert (shown["nonconformity"], shown["actions"], shown["version"]) == (None, [], 1)


@pytest.mark.parametrize("tell", [_triage, _raised, _linked], ids=["triage", "raised", "linked"])
async def test_whatever_is_told_of_a_complaint_holds_the_complaint_before_anything_else(
    world: World, tell: Callable[[UUID], Event[Any]]
) -> None:
    complaint = await _received(world)
    await world.hears(_triage(complaint, version=1))
    async with world.engine.begin() as other:
        await other.execute(sa.text("SELECT 1 FROM complaint WHERE id = :id FOR UPDATE"), {"id": complaint})
        hearing = asyncio.create_task(world.hears(tell(complaint)))

        await until(lambda: _somebody_waits(world), what="the event waits for the complaint")

        # Whoever holds one and wants the other would wait for ever: nothing else may be held by now.
        for table in ("triage", "nonconformity", "complaint_link"):
            rows = await other.execute(sa.text(f"SELECT 1 FROM {table} FOR UPDATE NOWAIT"))  # noqa: S608 - our own
            assert rows.all(), table
    assert await asyncio.wait_for(hearing, 20) is Claim.NEW


async def _somebody_waits(world: World) -> bool:
    return bool(await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_in_whatever_order_capas_events_come_the_complaint_shows_the_same(
    world: World, order: tuple[int, ...]
) -> None:
    complaint = await _received(world)
    events = [_triage(complaint), _raised(complaint), _assigned()]

    for place in order:
        await world.hears(events[place])

    shown = await _read(world, complaint)
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
    complaint = await _received(world)

    await world.hears(_linked(complaint))

    shown = await _read(world, complaint)
    assert (shown["triage"]["state"], shown["nonconformity"]["number"]) == ("pending", "NC-1001")


async def test_an_action_is_overdue_when_its_time_is_past_and_nobody_has_to_say_so(world: World) -> None:
    complaint = await _received(world)
    for event in (_triage(complaint), _assigned()):
        await world.hears(event)

    world.clock.now = DUE + timedelta(microseconds=1)

    assert (await _read(world, complaint))["actions"][0]["overdue"] is True


@pytest.mark.parametrize(("last", "state"), [(_completed, "completed"), (_cancelled, "cancelled")])
async def test_a_finished_action_says_so_and_is_never_overdue(world: World, last: Any, state: str) -> None:
    complaint = await _received(world)
    for event in (_triage(complaint), _assigned(), last()):
        await world.hears(event)
    world.clock.move(days=30)

    (action,) = (await _read(world, complaint))["actions"]
    assert (action["state"], action["overdue"]) == (state, False)


async def test_a_new_owner_and_a_new_due_instant_are_shown(world: World) -> None:
    complaint = await _received(world)

    for event in (_triage(complaint), _assigned(), _reassigned(), _due_changed()):
        await world.hears(event)

    (action,) = (await _read(world, complaint))["actions"]
    assert (action["owner"], action["team"], action["due_at"]) == ("debt.team", None, "2026-11-23T12:00:00Z")


async def test_what_is_older_than_what_is_known_is_ignored(world: World) -> None:
    complaint = await _received(world)
    for event in (_triage(complaint, version=2), _assigned(), _reassigned(version=5)):
        await world.hears(event)

    for event in (_triage(complaint, "declined", version=1, nc=None), _due_changed(version=4)):
        await world.hears(event)

    shown = await _read(world, complaint)
    assert (shown["triage"]["state"], shown["actions"][0]["due_at"]) == ("raised", "2026-11-21T12:00:00Z")


async def test_a_second_delivery_does_nothing(world: World) -> None:
    complaint = await _received(world)
    event = _triage(complaint)
    await world.hears(event)

    assert await world.hears(event) is Claim.SEEN


async def test_an_action_of_anything_but_a_nonconformity_is_not_shown(world: World) -> None:
    complaint = await _received(world)
    await world.hears(_triage(complaint))

    await world.hears(_assigned("case"))

    assert (await _read(world, complaint))["actions"] == []


async def test_lists_filter_by_triage_and_find_what_moved_since(world: World) -> None:
    crm = world.client("crm")
    decided, _ = await _received(world, external_id="A"), await _received(world, external_id="B")
    world.clock.move(hours=1)
    await world.hears(_triage(decided))
    world.clock.move(hours=1)
    await world.hears(_assigned())

    async def found(**query: Any) -> list[str]:
        answer = await crm.get("/v1/complaints", params=query)
        return [item["external_id"] for item in answer.json()["items"]]

    assert await found(triage="raised") == ["A"]
    assert await found(triage="pending") == ["B"]
    assert await found(triage=["raised", "pending"], sort="recorded_at") == ["A", "B"]
    assert await found(updated_since="2026-11-20T13:30:00Z") == ["A"]
    assert await found(updated_since="2026-11-20T14:30:00Z") == []


async def test_what_triage_decided_is_no_longer_marked_as_waiting_for_it(world: World) -> None:
    first, second = await _received(world), await _received(world)
    await world.hears(_triage(first, "declined", nc=None))

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
    return _event(data, NC, version)


def _closed(version: int = 3) -> Event[Any]:
    data = NonconformityClosedV1(nonconformity_id=NC, number="NC-1001", case_needed=False, closed_at=NOON)
    return _event(data, NC, version)


def _evidence_rejected() -> Event[Any]:
    data = ActionEvidenceRejectedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        reason="not all of it",
        rejected_at=NOON,
    )
    return _event(data, NC, 5)


def _verified() -> Event[Any]:
    data = ActionVerifiedV1(
        action_id=ACTION, number="A-1001", parent_kind="nonconformity", parent_id=NC, verified_at=NOON
    )
    return _event(data, NC, 6)


async def test_a_complaint_shows_where_its_nonconformity_stands_in_whatever_order_that_is_told(
    world: World,
) -> None:
    complaint = await _received(world)
    shown = []
    for event in (_raised(complaint), _dispositioned(), _closed(), _dispositioned()):
        await world.hears(event)
        shown.append((await _read(world, complaint))["nonconformity"]["state"])
    assert shown == ["open", "dispositioned", "closed", "closed"]


async def test_a_complaint_shows_that_evidence_was_rejected_and_that_the_work_was_verified(
    world: World,
) -> None:
    complaint = await _received(world)
    shown = []
    for event in (_raised(complaint), _assigned(), _completed(), _evidence_rejected(), _verified()):
        await world.hears(event)
        shown.append([action["state"] for action in (await _read(world, complaint))["actions"]])
    assert shown[1:] == [["open"], ["completed"], ["open"], ["verified"]]
