"""A complaint's timeline: its own steps, what capa makes of it, clocks and notices, in one order."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from common.clock import instant_text
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
from events.contracts.notifier import (
    DeadlineBreachedV1,
    DeadlineWarnedV1,
    NoticeAcknowledgedV1,
    NoticeFailedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.contracts.words import ActionKind, Punctuality, Severity, TriageOutcome
from events.envelope import Contract, Event
from tests.intake.world import NOON, World, a_complaint

PATH = "/v1/complaints"
NC, ACTION, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
DUE = NOON + timedelta(days=1)
ACT: dict[str, Any] = {
    "action_id": ACTION,
    "number": "A-1001",
    "parent_kind": "nonconformity",
    "parent_id": NC,
}
NOTICE: dict[str, Any] = {"clock": "complete", "generation": 1, "step": "overdue"}


def event(source: str, minutes: float, data: Contract, version: int = 1) -> Event[Any]:
    kind: Any = Event[type(data)]  # type: ignore[misc]  # chosen at run time
    at = NOON + timedelta(minutes=minutes)
    return kind(  # type: ignore[no-any-return]  # an event, of whatever contract
        id=new_id(),
        source=f"/redress/{source}",
        key="k",
        subject="k",
        version=version,
        occurred_at=at,
        recorded_at=at + timedelta(hours=1),
        actor=f"service:{source}",
        correlation_id=UUID(int=9),
        data=data,
    )


def story(complaint: UUID) -> list[Event[Any]]:
    """Everything that capa and notifier may tell, in its order."""
    decided = TriageDecidedV1(
        complaint_id=complaint,
        complaint_number="C-10001",
        outcome=TriageOutcome.RAISED,
        reason="severity",
        explanation="It is major.",
        policy_version="2026-11",
        decided_at=NOON + timedelta(minutes=1),
        nonconformity_id=NC,
        nonconformity_number="NC-1001",
    )
    raised = NonconformityRaisedV1(
        nonconformity_id=NC,
        number="NC-1001",
        product="credit-card",
        category="fees",
        severity=Severity.MAJOR,
        origin="complaint",
        complaint_id=complaint,
        raised_at=NOON + timedelta(minutes=2),
    )
    assigned = ActionAssignedV1(
        **ACT, kind=ActionKind.CONTAINMENT, title="Contain", owner="anna", severity=Severity.MAJOR, due_at=DUE
    )
    on_action: dict[str, Any] = {"subject_kind": "action", "subject_id": ACTION}
    return [
        event("capa", 1, decided),
        event("capa", 2, raised),
        event("capa", 3, assigned),
        event("capa", 4, ActionReassignedV1(**ACT, owner="bert", previous_owner="anna", reason="leave"), 2),
        event(
            "capa",
            5,
            ActionDueChangedV1(
                **ACT,
                due_at=DUE + timedelta(days=1),
                previous_due_at=DUE,
                original_due_at=DUE,
                reason="supplier",
            ),
            3,
        ),
        event(
            "notifier",
            6,
            DeadlineWarnedV1(**on_action, **NOTICE, due_at=DUE, warned_at=NOON + timedelta(minutes=6)),
        ),
        event(
            "notifier",
            7,
            DeadlineBreachedV1(
                subject_kind="nonconformity",
                subject_id=NC,
                clock="dispose",
                generation=1,
                due_at=DUE,
                breached_at=DUE,
            ),
        ),
        event(
            "notifier",
            8,
            NoticeSentV1(
                **on_action, **NOTICE, notice_id=UUID(int=50), recipient="bert", channel="email", sent_at=DUE
            ),
        ),
        event(
            "notifier",
            9,
            NoticeFailedV1(
                subject_kind="complaint",
                subject_id=complaint,
                **NOTICE,
                notice_id=UUID(int=51),
                recipient="lead",
                channel="email",
                reason="refused",
                attempts=4,
            ),
        ),
        event(
            "notifier",
            10,
            NoticeUnroutableV1(**on_action, **NOTICE, role="manager", reason="nobody", fallback="desk"),
        ),
        event(
            "capa",
            11,
            ActionCompletedV1(**ACT, completed_at=NOON, punctuality=Punctuality.LATE),
            4,
        ),
    ]


EXPECTED = [
    ("step", "received", "complaint"),
    ("case", "triaged", "complaint"),
    ("case", "nonconformity_raised", "complaint"),
    ("case", "action_assigned", "action"),
    ("case", "action_reassigned", "action"),
    ("case", "action_due_changed", "action"),
    ("clock", "deadline_warned", "action"),
    ("clock", "deadline_breached", "nonconformity"),
    ("notice", "notice_sent", "action"),
    ("notice", "notice_failed", "complaint"),
    ("notice", "notice_unroutable", "action"),
    ("case", "action_completed", "action"),
]


async def post(world: World, external_id: str = "E-1", **changes: Any) -> tuple[str, UUID]:
    answer = await world.client("crm").post(PATH, json=a_complaint(external_id=external_id, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()["number"], UUID(answer.json()["id"])


async def read(world: World, number: str, who: str = "reader", **query: Any) -> list[dict[str, Any]]:
    answer = await world.client(who).get(f"{PATH}/{number}/timeline", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def outline(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(item["kind"], item["action"], item["subject_kind"]) for item in items]


@pytest.mark.parametrize("backwards", [False, True])
async def test_everything_stands_in_the_order_of_its_time_whatever_order_it_is_told_in(
    world: World, *, backwards: bool
) -> None:
    number, complaint = await post(world)
    told = story(complaint)
    for each in reversed(told) if backwards else told:
        await world.hears(each)

    items = await read(world, number)

    assert outline(items) == EXPECTED
    assert outline(await read(world, number, sort="-at")) == EXPECTED[::-1]
    assert items[4]["changes"] == {"action": "A-1001", "owner": ["anna", "bert"]}
    assert (items[4]["reason"], items[4]["actor"], items[4]["position"]) == ("leave", "service:capa", None)
    assert (items[0]["position"], items[0]["subject_id"]) == (1, str(complaint))
    assert items[8]["changes"] == {
        "clock": "complete",
        "generation": 1,
        "step": "overdue",
        "recipient": "bert",
        "channel": "email",
    }


async def test_a_fact_stands_once_however_often_and_under_whichever_event_it_is_told(world: World) -> None:
    number, complaint = await post(world)
    for each in [*story(complaint), *story(complaint)]:
        await world.hears(each)

    assert outline(await read(world, number)) == EXPECTED


async def test_what_becomes_of_a_nonconformity_and_who_checked_the_work_stand_once_though_told_again(
    world: World,
) -> None:
    number, complaint = await post(world)
    decided = NonconformityDispositionedV1(
        nonconformity_id=NC,
        number="NC-1001",
        dispositions=("rework",),
        rationale="labels can be replaced",
        dispositioned_at=NOON + timedelta(minutes=20),
    )
    closed = NonconformityClosedV1(
        nonconformity_id=NC, number="NC-1001", case_needed=False, closed_at=NOON + timedelta(minutes=30)
    )
    rejected = ActionEvidenceRejectedV1(**ACT, reason="not all of it", rejected_at=NOON)
    verified = ActionVerifiedV1(**ACT, verified_at=NOON)
    for each in (
        story(complaint)[0],
        event("capa", 20, decided, version=2),
        event("capa", 21, rejected, version=3),
        event("capa", 22, verified, version=5),
        event("capa", 30, closed, version=3),
        # Told again, both stand at the nonconformity's present version.
        event("capa", 40, decided, version=3),
        event("capa", 40, closed, version=3),
    ):
        await world.hears(each)

    assert [(item["action"], item["reason"]) for item in (await read(world, number))[2:]] == [
        ("nonconformity_dispositioned", "labels can be replaced"),
        ("action_evidence_rejected", "not all of it"),
        ("action_verified", ""),
        ("nonconformity_closed", ""),
    ]


async def test_answers_to_notices_stand_with_who_gave_them_why_and_what_comes_next(world: World) -> None:
    number, complaint = await post(world)
    common: dict[str, Any] = {
        "subject_kind": "complaint",
        "subject_id": complaint,
        "clock": "respond",
        "generation": 2,
        "step": "overdue",
        "owner": "anna",
        "until": DUE,
        "next_step": "overdue-manager",
        "next_at": DUE,
    }
    seen = NoticeAcknowledgedV1(**common, acknowledged_at=NOON + timedelta(minutes=1))
    snoozes = [
        NoticeSnoozedV1(**common, snoozed_at=NOON + timedelta(minutes=minute), why="the receipt comes")
        for minute in (2, 3)
    ]
    for _ in range(2):
        for minute, data in enumerate([seen, *snoozes], 1):
            told = event("notifier", minute, data)
            await world.hears(told.model_copy(update={"actor": "person:anna"}))

    items = await read(world, number, kind="notice")

    assert [(item["action"], item["actor"], item["reason"]) for item in items] == [
        ("notice_acknowledged", "person:anna", ""),
        ("notice_snoozed", "person:anna", "the receipt comes"),
        ("notice_snoozed", "person:anna", "the receipt comes"),
    ]
    assert items[0]["changes"] == {
        "clock": "respond",
        "generation": 2,
        "step": "overdue",
        "owner": "anna",
        "until": instant_text(DUE),
        "next_step": "overdue-manager",
        "next_at": instant_text(DUE),
    }


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_notice_that_is_told_before_its_action_is_known_is_shown_once_it_is(
    world: World, order: tuple[int, ...]
) -> None:
    number, complaint = await post(world)
    told = story(complaint)
    for place in order:
        await world.hears([told[0], told[2], told[7]][place])

    assert [item["action"] for item in await read(world, number)] == [
        "received",
        "triaged",
        "action_assigned",
        "notice_sent",
    ]


async def test_a_linked_complaint_shows_the_actions_of_its_nonconformity_and_not_who_raised_it(
    world: World,
) -> None:
    _, first = await post(world)
    number, second = await post(world, "E-2")
    unlinked, _ = await post(world, "E-3")
    for each in story(first):
        await world.hears(each)
    linked = NonconformityLinkedV1(nonconformity_id=NC, number="NC-1001", complaint_id=second, complaints=2)
    await world.hears(event("capa", 2.5, linked, 2))

    assert [action for _, action, _ in outline(await read(world, number))] == [
        "received",
        "nonconformity_linked",
        "action_assigned",
        "action_reassigned",
        "action_due_changed",
        "deadline_warned",
        "deadline_breached",
        "notice_sent",
        "notice_unroutable",
        "action_completed",
    ]
    assert outline(await read(world, unlinked)) == [("step", "received", "complaint")]


async def test_what_concerns_neither_complaints_nor_what_capa_made_of_them_is_left_out(world: World) -> None:
    number, _ = await post(world)
    stranger = DeadlineBreachedV1(
        subject_kind="survey", subject_id=OTHER, clock="answer", generation=1, due_at=DUE, breached_at=DUE
    )
    await world.hears(event("notifier", 1, stranger))
    await world.hears(
        event("capa", 1, ActionCancelledV1(**{**ACT, "parent_kind": "case"}, cancelled_at=NOON, reason="r"))
    )

    assert await world.count("timeline_note") == 0
    assert outline(await read(world, number)) == [("step", "received", "complaint")]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(["notice"], 3), (["clock", "step"], 3), (["message"], 0), ([], 12)],
)
async def test_kinds_are_chosen(world: World, kinds: list[str], expected: int) -> None:
    number, complaint = await post(world)
    for each in story(complaint):
        await world.hears(each)

    items = await read(world, number, kind=kinds)

    assert len(items) == expected
    assert {item["kind"] for item in items} <= set(kinds or ["step", "case", "clock", "notice"])


@pytest.mark.parametrize("sort", ["at", "-at"])
async def test_pages_show_each_entry_once_also_among_those_of_one_instant(world: World, sort: str) -> None:
    number, complaint = await post(world)
    for each in story(complaint):
        await world.hears(each.model_copy(update={"occurred_at": NOON}))
    found: list[str] = []
    query: dict[str, Any] = {"limit": 5, "sort": sort}
    client = world.client("reader")
    while True:
        page = (await client.get(f"{PATH}/{number}/timeline", params=query)).json()
        found += [item["action"] for item in page["items"]]
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(found) == sorted(action for _, action, _ in EXPECTED)
    foreign = await client.get(
        f"{PATH}/{number}/timeline", params={"cursor": query["cursor"], "kind": "notice"}
    )
    assert (foreign.status_code, foreign.json()["type"].rpartition("/")[2]) == (400, "invalid-cursor")


async def test_texts_of_the_past_are_shown_with_the_scope_for_them_alone_and_that_is_on_record(
    world: World,
) -> None:
    number, _ = await post(world)
    await world.client("staff").patch(
        f"{PATH}/{number}",
        json={"reason": "heard more", "description": "Erika was charged", "lot": "L-2"},
        headers={"If-Match": "*"},
    )

    shown, hidden = (await read(world, number, "staff"))[1], (await read(world, number))[1]

    assert (shown["action"], shown["reason"]) == ("amended", "heard more")
    assert shown["changes"]["lot"] == hidden["changes"]["lot"] == [None, "L-2"]
    assert shown["withheld"]["description"] == ["I was charged twice.", "Erika was charged"]
    assert ("withheld" in hidden, "Erika" in str(hidden)) == (False, False)
    reads = (await world.client("privacy").get(f"{PATH}/{number}/personal-reads")).json()["items"]
    assert [(one["operation"], one["actor"]) for one in reads] == [("timeline", "person:anna.berg")]


async def test_an_unknown_parameter_or_kind_is_refused(world: World) -> None:
    number, _ = await post(world)
    for query in ({"kinds": "step"}, {"kind": "gossip"}):
        answer = await world.client("reader").get(f"{PATH}/{number}/timeline", params=query)
        assert answer.status_code in {400, 422}, answer.text


async def test_an_erasure_takes_the_reasons_of_staff_and_leaves_the_facts(world: World) -> None:
    number, complaint = await post(world)
    for each in story(complaint):
        await world.hears(each)
    await world.client("privacy").post(
        f"{PATH}/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )

    items = await read(world, number, "staff")

    assert [item["action"] for item in items if item["action"] != "erased"] == [
        action for _, action, _ in EXPECTED
    ]
    assert {item["reason"] for item in items} == {"", "asked for"}


async def test_instants_are_told_in_utc(world: World) -> None:
    number, _ = await post(world)
    (item,) = await read(world, number)
    assert datetime.fromisoformat(item["at"]) == NOON
    assert item["at"].endswith("Z")
