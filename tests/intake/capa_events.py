"""What capa announces about a complaint, as its events, and what intake shows of it then."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from common.ids import new_id
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionReassignedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    TriageDecidedV1,
)
from events.contracts.words import ActionKind, Punctuality, Severity, TriageOutcome
from events.envelope import Contract, Event
from tests.intake.world import NOON, World, a_complaint

NC, ACTION = UUID(int=1), UUID(int=2)
DUE = NOON + timedelta(days=1)


def event_of_capa(data: Contract, key: UUID, version: int = 1) -> Event[Any]:
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


def triage(complaint: UUID, outcome: str = "raised", version: int = 1, nc: UUID | None = NC) -> Event[Any]:
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
    return event_of_capa(data, complaint, version)


def raised(complaint: UUID) -> Event[Any]:
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
    return event_of_capa(data, NC)


def linked(complaint: UUID) -> Event[Any]:
    data = NonconformityLinkedV1(nonconformity_id=NC, number="NC-1001", complaint_id=complaint, complaints=2)
    return event_of_capa(data, NC, 2)


def assigned(parent_kind: str = "nonconformity") -> Event[Any]:
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
    return event_of_capa(data, NC)


def reassigned(version: int = 2) -> Event[Any]:
    data = ActionReassignedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        owner="debt.team",
        previous_owner="credit.team",
        reason="theirs",
    )
    return event_of_capa(data, NC, version)


def due_changed(version: int = 3) -> Event[Any]:
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
    return event_of_capa(data, NC, version)


def completed() -> Event[Any]:
    data = ActionCompletedV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        completed_at=NOON,
        punctuality=Punctuality.EARLY,
    )
    return event_of_capa(data, NC, 4)


def cancelled() -> Event[Any]:
    data = ActionCancelledV1(
        action_id=ACTION,
        number="A-1001",
        parent_kind="nonconformity",
        parent_id=NC,
        cancelled_at=NOON,
        reason="no",
    )
    return event_of_capa(data, NC, 4)


async def received(world: World, **changes: Any) -> UUID:
    answer = await world.client("crm").post("/v1/complaints", json=a_complaint(**changes))
    return UUID(answer.json()["id"])


async def read(world: World, complaint: UUID) -> dict[str, Any]:
    body: dict[str, Any] = (await world.client("crm").get(f"/v1/complaints/{complaint}")).json()
    return body


async def somebody_waits(world: World) -> bool:
    return bool(await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"))
