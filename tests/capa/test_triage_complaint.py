"""Complaints triaged on a real database."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.triage import Outcome
from capa.usecases.ports import Nearby
from capa.usecases.reading import ActionFilter, NonconformityFilter
from common import history
from common.ids import new_id
from events.contracts.intake import ComplaintReceivedV1
from events.contracts.words import Severity as Word
from events.delivery import Claim
from events.envelope import Event
from events.failures import NeverWillWork
from tests.capa.world import MONDAY, World, a_complaint, an_event


def received(complaint: Complaint, severity: Word | None = None) -> Event[ComplaintReceivedV1]:
    data = ComplaintReceivedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        source_system="crm",
        channel=complaint.channel,
        reported_severity=severity or Word(complaint.severity.value),
        product=complaint.product,
        category=complaint.category,
        aware_at=complaint.received_at,
        received_at=complaint.received_at,
        historical=complaint.historical,
    )
    return an_event(data, key=complaint.id, correlation_id=complaint.correlation_id)


async def test_a_raised_nonconformity_is_told_in_order_under_the_right_keys(world: World) -> None:
    complaint = a_complaint()
    event = received(complaint)
    await world.hear(event)
    told = await world.announced()
    page = await world.records.nonconformities(NonconformityFilter(), None, 10)
    nonconformity = page.items[0]
    assert [(each.type.removeprefix("redress."), each.key) for each in told] == [
        ("triage.decided.v1", str(complaint.id)),
        ("nonconformity.raised.v1", str(nonconformity.id)),
        ("action.assigned.v1", str(nonconformity.id)),
        ("deadline.set.v1", str(nonconformity.id)),
    ]
    assert {(each.correlation_id, each.causation_id, each.actor) for each in told} == {
        (complaint.correlation_id, event.id, "service:capa")
    }
    sequences = await world.run("SELECT sequence FROM outbox ORDER BY position")
    assert [row.sequence for row in sequences] == [1, 1, 2, 3]


async def test_the_decision_event_carries_outcome_reason_explanation_and_policy_version(world: World) -> None:
    complaint = a_complaint()
    await world.hear(received(complaint))
    decided = (await world.announced())[0].data
    assert (decided.outcome, decided.reason, decided.policy_version, decided.nonconformity_number) == (
        "raised",
        "severity_major_or_higher",
        world.policy.version,
        "NC-1001",
    )
    assert decided.explanation.startswith("Complaint C-10023 is of severity major: rule serious decides.")


async def test_the_deadline_is_counted_from_the_decision_in_the_calendar_and_says_how(world: World) -> None:
    await world.hear(received(a_complaint(received_at=MONDAY - timedelta(days=4))))
    deadline = (await world.announced())[-1].data
    # Two working days after Monday, the last working interval of Wednesday ends at 17:00 in Berlin.
    assert deadline.due_at.isoformat() == "2026-03-04T16:00:00+00:00"
    assert (deadline.subject_kind, deadline.clock, deadline.generation) == ("action", "complete", 1)
    assert (deadline.owner, deadline.team, deadline.ladder) == ("credit.team", "credit", "default")
    assert (deadline.calendar, deadline.policy_version) == (world.policy.calendar.reference, "1")
    assert deadline.title == "Contain: credit-card / billing-dispute (A-1001)"
    assert deadline.link == f"https://capa.example.org/v1/actions/{deadline.subject_id}"
    assert [step["kind"] for step in deadline.explanation["steps"]] == [
        "skipped",
        "counted_day",
        "counted_day",
    ]


async def test_a_second_delivery_of_the_same_event_does_nothing(world: World) -> None:
    event = received(a_complaint())
    await world.hear(event)
    before = len(await world.announced())
    assert await world.hear(event) is Claim.SEEN
    assert (await world.number_of("triage_decision"), len(await world.announced())) == (1, before)


@pytest.mark.parametrize("severity", list(Severity))
async def test_a_complaint_announced_again_under_another_event_id_keeps_its_one_decision(
    world: World, severity: Severity
) -> None:
    complaint = a_complaint(severity)
    await world.hear(received(complaint))
    before = len(await world.announced())
    await world.hear(received(complaint))
    counted = [await world.number_of(table) for table in ("triage_decision", "inbox")]
    assert (counted, len(await world.announced())) == ([1, 2], before)


async def test_a_linked_complaint_is_told_with_the_count_and_moves_the_version(world: World) -> None:
    await world.triage(a_complaint())
    await world.run("DELETE FROM outbox")
    linked = a_complaint(Severity.MINOR, number="C-10024")
    assert await world.triage(linked) is Outcome.LINKED
    decided, told = await world.announced()
    assert (decided.data.outcome, decided.data.reason) == ("linked", "open_nonconformity")
    assert (told.data.complaint_id, told.data.complaints, told.version) == (linked.id, 2, 2)


async def test_a_graver_complaint_raises_the_severity_and_history_says_so(world: World) -> None:
    await world.triage(a_complaint())
    await world.triage(a_complaint(Severity.CRITICAL, number="C-10024"))
    page = await world.records.nonconformities(NonconformityFilter(), None, 10)
    entries = (await world.records.nonconformity_history("NC-1001", None, 10)).items
    assert page.items[0].severity is Severity.CRITICAL
    assert entries[1].changes["severity"] == {"from": "major", "to": "critical"}
    assert entries[1].reason == "complaint C-10024 is of severity critical"
    assert history.first_break(entries) is None


async def test_a_declined_complaint_has_its_one_decision_and_nothing_else(world: World) -> None:
    assert await world.triage(a_complaint(Severity.MINOR)) is Outcome.DECLINED
    counted = [await world.number_of(table) for table in ("triage_decision", "nonconformity", "action")]
    assert (counted, [each.type for each in await world.announced()]) == (
        [1, 0, 0],
        ["redress.triage.decided.v1"],
    )


async def test_nobody_gets_an_action_for_a_historical_complaint(world: World) -> None:
    assert await world.triage(a_complaint(Severity.CRITICAL, historical=True)) is Outcome.DECLINED
    assert ((await world.announced())[0].data.reason, await world.number_of("action")) == ("historical", 0)


async def test_a_closed_nonconformity_takes_no_complaint(world: World) -> None:
    await world.triage(a_complaint())
    await world.run("UPDATE nonconformity SET state = 'closed'")
    assert await world.triage(a_complaint()) is Outcome.RAISED


async def test_another_product_category_or_window_has_a_nonconformity_of_its_own(world: World) -> None:
    others = (
        a_complaint(),
        a_complaint(product="mortgage"),
        a_complaint(category="fees"),
        a_complaint(received_at=MONDAY - timedelta(days=31)),
    )
    assert [await world.triage(complaint) for complaint in others] == [Outcome.RAISED] * 4


@pytest.mark.parametrize("days", [-30, 30])
async def test_a_complaint_received_at_the_end_of_the_window_is_linked(world: World, days: int) -> None:
    await world.triage(a_complaint())
    assert await world.triage(a_complaint(received_at=MONDAY + timedelta(days=days))) is Outcome.LINKED


async def test_twenty_complaints_at_once_raise_one_nonconformity(world: World) -> None:
    complaints = [a_complaint(number=f"C-{20000 + position}") for position in range(20)]
    outcomes = await asyncio.gather(*(world.triage(complaint) for complaint in complaints))
    assert sorted(outcome or "" for outcome in outcomes) == [Outcome.LINKED] * 19 + [Outcome.RAISED]
    page = await world.records.nonconformities(NonconformityFilter(), None, 10)
    entries = (await world.records.nonconformity_history("NC-1001", None, 100)).items
    assert [(item.complaints, item.version) for item in page.items] == [(20, 20)]
    assert (len(entries), history.first_break(entries)) == (20, None)
    assert [
        await world.number_of(table) for table in ("action", "triage_decision", "nonconformity_complaint")
    ] == [
        1,
        20,
        20,
    ]


async def test_complaints_of_different_pairs_do_not_wait_for_one_another(world: World) -> None:
    async with world.start_work() as work:
        await work.triage.open_near([Nearby("credit-card", "fees", MONDAY, MONDAY)])
        async with asyncio.timeout(10):
            assert await world.triage(a_complaint()) is Outcome.RAISED


async def test_a_failure_leaves_neither_decision_nor_claim_nor_event(world: World) -> None:
    # A constraint that fails after the decision was written stands for any failure in the transaction.
    await world.run("ALTER TABLE outbox ADD CONSTRAINT none CHECK (false)")
    with pytest.raises(Exception, match="none"):
        await world.hear(received(a_complaint()))
    assert [
        await world.number_of(table) for table in ("complaint", "triage_decision", "action", "inbox")
    ] == [0] * 4


async def test_a_severity_of_a_newer_release_waits_as_a_dead_letter(world: World) -> None:
    with pytest.raises(NeverWillWork) as failure:
        await world.hear(received(a_complaint(), Word.UNKNOWN))
    assert failure.value.code == "unknown_severity"


async def test_without_an_owner_in_the_policy_the_deadline_names_the_team_alone(world: World) -> None:
    hands = replace(world.policy.assignments[-1], owner=None)
    world.policy = replace(world.policy, assignments=(hands,))
    await world.triage(a_complaint())
    told = await world.announced()
    assert [each.type for each in told][1:] == ["redress.nonconformity.raised.v1", "redress.deadline.set.v1"]
    assert (told[-1].data.owner, told[-1].data.team) == (None, "quality")


async def test_a_later_decision_about_the_same_complaint_has_room(world: World) -> None:
    complaint = a_complaint(Severity.MINOR)
    await world.triage(complaint)
    await world.run(
        "INSERT INTO triage_decision SELECT :id, complaint_id, 2, trigger, outcome, rule, reason, explanation, "
        "policy_version, decided_at, nonconformity_id FROM triage_decision",
        id=new_id(),
    )
    page = await world.records.decisions(complaint.id, None, 10)
    assert sorted(decision.ordinal for decision in page.items) == [1, 2]


async def test_the_relay_is_woken_after_a_decision(world: World) -> None:
    ticket = world.wake.ticket()
    await world.triage(a_complaint())
    assert ticket.is_set()


async def test_an_action_given_today_is_listed_for_its_owner(world: World) -> None:
    await world.triage(a_complaint())
    mine = await world.records.actions(
        ActionFilter(owner=frozenset({"credit.team"})), None, 10, now=world.clock()
    )
    assert [action.number for action in mine.items] == ["A-1001"]
