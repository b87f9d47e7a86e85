"""What capa keeps of what the others announce."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from capa.domain.severity import Severity
from capa.usecases.complete_action import CompleteAction
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.step import Target
from common.ids import new_id
from events.contracts.intake import ComplaintAmendedV1
from events.contracts.notifier import (
    DeadlineBreachedV1,
    NoticeAcknowledgedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.contracts.words import Severity as Word
from events.delivery import Claim
from tests.capa.world import ANNA, MONDAY, World, a_complaint, an_event

LATER = MONDAY + timedelta(days=3)


def breached(action_id: Any, generation: int = 1, **changes: Any) -> Any:
    fields = {
        "subject_kind": "action",
        "subject_id": action_id,
        "clock": "complete",
        "generation": generation,
        "due_at": MONDAY,
        "breached_at": LATER,
    }
    return an_event(DeadlineBreachedV1.model_validate(fields | changes), key=action_id)


def sent(action_id: Any, at: Any = LATER, subject_kind: str = "action") -> Any:
    data = NoticeSentV1(
        notice_id=new_id(),
        subject_kind=subject_kind,
        subject_id=action_id,
        clock="complete",
        generation=1,
        step="overdue",
        recipient="credit.team",
        channel="email",
        sent_at=at,
    )
    return an_event(data, key=action_id)


async def test_a_breach_of_an_open_action_is_shown_and_changes_no_version(world: World) -> None:
    action = await world.an_action()
    await world.hear(breached(action.id))
    view = await world.records.action(action.id)
    assert (view.breach_noticed_at, view.action.version) == (LATER, action.version)


async def test_a_breach_of_what_is_done_is_ignored(world: World) -> None:
    action = await world.an_action()
    await CompleteAction(world.take_step)(
        Target(action.id, None), evidence="x", completed_at=None, cause=ANNA
    )
    await world.hear(breached(action.id))
    assert (await world.records.action(action.id)).notices == ()


async def test_a_breach_of_a_replaced_deadline_is_ignored_and_an_earlier_one_no_longer_counts(
    world: World,
) -> None:
    action = await world.an_action()
    await world.hear(breached(action.id, 1))
    await ReassignAction(world.take_step)(
        Target(action.id, None), owner="bert", team=None, reason="x", cause=ANNA
    )
    await world.hear(breached(action.id, 1))
    between = await world.records.action(action.id)
    await world.hear(breached(action.id, 2, breached_at=LATER + timedelta(days=1)))
    after = await world.records.action(action.id)
    assert (len(between.notices), between.breach_noticed_at) == (1, None)
    assert (len(after.notices), after.breach_noticed_at) == (2, LATER + timedelta(days=1))


async def test_the_last_of_several_notices_is_when_somebody_was_last_told(world: World) -> None:
    action = await world.an_action()
    await world.hear(sent(action.id, LATER + timedelta(hours=2)))
    await world.hear(sent(action.id, LATER))
    view = await world.records.action(action.id)
    assert view.last_notified_at == LATER + timedelta(hours=2)
    assert [(notice.kind, notice.recipient, notice.channel) for notice in view.notices] == [
        ("sent", "credit.team", "email"),
        ("sent", "credit.team", "email"),
    ]


async def test_an_unroutable_notice_is_kept_with_its_reason_and_tells_nobody(world: World) -> None:
    action = await world.an_action()
    data = NoticeUnroutableV1(
        subject_kind="action",
        subject_id=action.id,
        clock="complete",
        generation=1,
        step="overdue",
        role="owner",
        reason="unknown_person",
        fallback="head.of.quality",
    )
    await world.hear(an_event(data, key=action.id, at=LATER))
    view = await world.records.action(action.id)
    assert view.last_notified_at is None
    assert [(notice.kind, notice.reason, notice.recipient, notice.at) for notice in view.notices] == [
        ("unroutable", "unknown_person", "head.of.quality", LATER)
    ]


async def test_an_answer_to_a_notice_is_shown_once_with_who_gave_it_and_why_and_tells_nobody(
    world: World, client: httpx.AsyncClient
) -> None:
    action = await world.an_action()
    common: dict[str, Any] = {
        "subject_kind": "action",
        "subject_id": action.id,
        "clock": "complete",
        "generation": 1,
        "step": "overdue",
        "owner": "anna",
        "until": LATER + timedelta(days=1),
        "next_step": "overdue-manager",
        "next_at": LATER + timedelta(days=1),
    }
    seen = NoticeAcknowledgedV1(**common, acknowledged_at=LATER)
    later = NoticeSnoozedV1(**common, snoozed_at=LATER + timedelta(hours=1), why="the supplier is late")
    for data in (seen, later, seen, later):
        event = an_event(data, key=action.id, at=LATER).model_copy(update={"actor": "person:anna"})
        await world.hear(event)
    view = await world.records.action(action.id)
    assert (view.last_notified_at, view.notices) == (None, ())
    shown = (await client.get(f"/v1/actions/{action.number}")).json()["notice_answers"]
    assert [(each["kind"], each["by"], each["step"], each["reason"]) for each in shown] == [
        ("snoozed", "person:anna", "overdue", "the supplier is late"),
        ("acknowledged", "person:anna", "overdue", None),
    ]


async def test_a_notice_delivered_twice_is_kept_once(world: World) -> None:
    action = await world.an_action()
    event = sent(action.id)
    await world.hear(event)
    assert await world.hear(event) is Claim.SEEN
    assert len((await world.records.action(action.id)).notices) == 1


async def test_what_is_said_about_things_of_others_is_nobodys_business_here(world: World) -> None:
    await world.an_action()
    for event in (sent(new_id()), breached(new_id()), sent(new_id(), subject_kind="complaint")):
        await world.hear(event)
    assert await world.number_of("action_notice") == 0


@pytest.mark.parametrize("changes", [{"subject_kind": "case"}, {"clock": "acknowledge"}])
async def test_a_breach_of_something_else_under_an_actions_id_is_not_the_actions(
    world: World, changes: dict[str, Any]
) -> None:
    action = await world.an_action()
    await world.hear(breached(action.id, **changes))
    assert (await world.records.action(action.id)).notices == ()


@pytest.mark.parametrize("kind", ["case", "complaint"])
async def test_a_notice_about_something_else_under_an_actions_id_is_not_the_actions(
    world: World, kind: str
) -> None:
    action = await world.an_action()
    await world.hear(sent(action.id, subject_kind=kind))
    assert (await world.records.action(action.id)).notices == ()


async def test_an_amendment_is_shown_and_the_decision_stays(world: World) -> None:
    complaint = a_complaint()
    await world.an_action(complaint)

    def amended(version: int, category: str) -> Any:
        data = ComplaintAmendedV1(
            complaint_id=complaint.id,
            number=complaint.number,
            changed=("category",),
            reported_severity=Word.CRITICAL,
            product=complaint.product,
            category=category,
        )
        return an_event(data, key=complaint.id, version=version)

    await world.hear(amended(3, "fees"))
    await world.hear(amended(2, "older"))
    view = await world.records.nonconformity("NC-1001")
    assert [(shown.category, shown.severity) for shown in view.complaints] == [("fees", Severity.CRITICAL)]
    assert (view.nonconformity.category, view.nonconformity.severity) == ("billing-dispute", Severity.MAJOR)
    assert (await world.number_of("triage_decision"), await world.announced()) == (1, [])
