"""What an assessment changes about what was decided on receipt, and what an end does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.triage import Outcome
from capa.usecases.reading import DecisionView, NonconformityView
from common.ids import new_id
from events.contracts.capa import (
    ActionAssignedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    NonconformitySeverityRaisedV1,
    TriageDecidedV1,
)
from events.contracts.deadline import DeadlineSetV1
from events.contracts.intake import ComplaintAmendedV1
from events.contracts.lifecycle import (
    ComplaintAssessedV1,
    ComplaintLinkedV1,
    ComplaintRejectedV1,
    ComplaintReopenedV1,
    ComplaintWithdrawnV1,
)
from events.contracts.words import Level, Reportability, Validity
from events.contracts.words import Severity as Word
from events.envelope import Event
from tests.capa.world import MONDAY, World, a_complaint, an_event


def assessed(complaint: Complaint, severity: str, *, version: int = 2, **changes: Any) -> Event[Any]:
    data = ComplaintAssessedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        severity=Word(severity),
        product=changes.get("product", complaint.product),
        category=changes.get("category", complaint.category),
        safety_flag=False,
        reportability=Reportability.NO,
        validity=Validity.JUSTIFIED,
        implication=Level.LOW,
        complexity=Level.LOW,
        impact=Level.LOW,
        immediate_action=False,
        assessed_at=MONDAY,
    )
    return an_event(data, key=complaint.id, version=version)


def ended(complaint: Complaint, how: str, *, version: int = 3) -> Event[Any]:
    names: dict[str, Any] = {"complaint_id": complaint.id, "number": complaint.number}
    told: dict[str, Callable[[], Any]] = {
        "rejected": lambda: ComplaintRejectedV1(**names, rejected_at=MONDAY),
        "withdrawn": lambda: ComplaintWithdrawnV1(**names, withdrawn_at=MONDAY),
        "linked": lambda: ComplaintLinkedV1(
            **names, master_id=new_id(), master_number="C-1", linked_at=MONDAY
        ),
        "reopened": lambda: ComplaintReopenedV1(
            **names, reopened_at=MONDAY, previous_state="withdrawn", state="assessed", run=2
        ),
    }
    return an_event(told[how](), key=complaint.id, version=version)


async def decisions(world: World, complaint: Complaint) -> list[DecisionView]:
    """The decisions about a complaint, first to last."""
    page = await world.records.decisions(complaint.id, None, 10)
    return sorted(page.items, key=lambda each: each.ordinal)


async def belongs_to(world: World, complaint: Complaint) -> NonconformityView:
    last = (await decisions(world, complaint))[-1]
    assert last.nonconformity_id is not None
    return await world.records.nonconformity(last.nonconformity_id)


async def test_a_complaint_that_was_declined_raises_a_nonconformity_once_it_is_assessed_as_graver(
    world: World,
) -> None:
    complaint = a_complaint(Severity.MINOR)
    assert await world.triage(complaint) is Outcome.DECLINED
    await world.run("DELETE FROM outbox")

    await world.hear(assessed(complaint, "major"))

    first, second = await decisions(world, complaint)
    assert (first.outcome, first.trigger) == ("declined", "received")
    assert (second.outcome, second.trigger, second.ordinal) == ("raised", "assessed", 2)
    told = await world.announced()
    assert [type(event.data) for event in told] == [
        TriageDecidedV1,
        NonconformityRaisedV1,
        ActionAssignedV1,
        DeadlineSetV1,
    ]
    assert (told[0].version, told[0].causation_id is not None) == (2, True)


async def test_a_complaint_that_was_declined_joins_what_is_open_for_what_it_was_assessed_as(
    world: World,
) -> None:
    open_one = a_complaint(category="fees")
    await world.triage(open_one)
    declined = a_complaint(Severity.MINOR, number="C-2", category="unclassified")
    assert await world.triage(declined) is Outcome.DECLINED

    await world.hear(assessed(declined, "minor", category="fees"))

    view = await belongs_to(world, declined)
    assert [each.number for each in view.complaints] == [open_one.number, "C-2"]
    assert isinstance((await world.announced())[-1].data, NonconformityLinkedV1)


async def test_an_assessment_raises_the_severity_of_the_nonconformity_and_never_lowers_it(
    world: World,
) -> None:
    complaint = a_complaint(Severity.MAJOR)
    await world.triage(complaint)
    await world.hear(assessed(complaint, "critical"))
    view = await belongs_to(world, complaint)
    assert (view.nonconformity.severity, view.nonconformity.version, len(view.complaints)) == (
        Severity.CRITICAL,
        2,
        1,
    )
    await world.hear(assessed(complaint, "minor", version=3))
    assert (await belongs_to(world, complaint)).nonconformity.severity is Severity.CRITICAL
    assert [each.reason for each in (await decisions(world, complaint))[1:]] == [
        "severity_raised",
        "assessment",
    ]
    history = await world.records.nonconformity_history(view.nonconformity.id, None, 10)
    assert [entry.action for entry in history.items] == ["raised", "severity_raised"]
    assert len(view.actions) == 1
    told = await world.announced()
    assert [event.version for event in told if isinstance(event.data, TriageDecidedV1)] == [1, 2, 3]
    (risen,) = [event for event in told if isinstance(event.data, NonconformitySeverityRaisedV1)]
    assert (risen.version, risen.data.severity, risen.data.previous_severity) == (
        2,
        Word.CRITICAL,
        Word.MAJOR,
    )


async def test_an_assessment_that_is_told_again_decides_nothing_anew(world: World) -> None:
    complaint = a_complaint(Severity.MINOR)
    await world.triage(complaint)
    for _ in range(2):
        await world.hear(assessed(complaint, "major"))
    assert [each.ordinal for each in await decisions(world, complaint)] == [1, 2]


async def test_what_is_told_of_an_unknown_complaint_decides_nothing(world: World) -> None:
    await world.hear(assessed(a_complaint(), "major"))
    await world.hear(ended(a_complaint(), "withdrawn"))
    assert (await world.number_of("triage_decision"), await world.number_of("complaint")) == (0, 0)


async def test_an_amendment_does_not_undo_what_was_assessed(world: World) -> None:
    complaint = a_complaint(Severity.MINOR)
    await world.triage(complaint)
    await world.hear(assessed(complaint, "major", category="fees"))
    amended = ComplaintAmendedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        changed=("reported_severity",),
        reported_severity=Word.MINOR,
        product="loan",
        category="unclassified",
    )
    await world.hear(an_event(amended, key=complaint.id, version=3))
    (row,) = await world.run("SELECT severity, category, product FROM complaint")
    assert tuple(row) == ("major", "fees", "loan")


async def test_a_complaint_that_has_ended_stays_linked_and_raises_nothing_more(world: World) -> None:
    complaint, declined = a_complaint(), a_complaint(Severity.MINOR, number="C-2", product="loan")
    await world.triage(complaint)
    await world.triage(declined)

    await world.hear(ended(complaint, "rejected", version=2))
    await world.hear(ended(declined, "withdrawn", version=2))
    await world.hear(assessed(declined, "critical", version=3))

    view = await belongs_to(world, complaint)
    assert [(each.number, each.ended) for each in view.complaints] == [(complaint.number, "rejected")]
    history = await world.records.nonconformity_history(view.nonconformity.id, None, 10)
    assert [entry.action for entry in history.items] == ["raised", "complaint_rejected"]
    assert len(view.actions) == 1
    assert len(await decisions(world, declined)) == 1


async def test_a_complaint_that_is_taken_up_again_leads_to_something_again(world: World) -> None:
    complaint = a_complaint(Severity.MINOR)
    await world.triage(complaint)
    await world.hear(ended(complaint, "withdrawn", version=2))
    await world.hear(ended(complaint, "reopened", version=3))
    await world.hear(assessed(complaint, "major", version=4))
    assert (await decisions(world, complaint))[-1].outcome == "raised"
    await world.hear(ended(complaint, "linked", version=5))
    view = await belongs_to(world, complaint)
    assert view.complaints[0].ended == "linked"
    history = await world.records.nonconformity_history(view.nonconformity.id, None, 10)
    assert history.items[-1].action == "complaint_is_duplicate"


async def test_an_end_that_is_told_late_or_twice_changes_nothing(world: World) -> None:
    complaint = a_complaint()
    await world.triage(complaint)
    await world.hear(ended(complaint, "withdrawn", version=4))
    await world.hear(ended(complaint, "withdrawn", version=4))
    await world.hear(ended(complaint, "reopened", version=3))
    view = await belongs_to(world, complaint)
    history = await world.records.nonconformity_history(view.nonconformity.id, None, 10)
    assert [entry.action for entry in history.items] == ["raised", "complaint_withdrawn"]
    assert view.complaints[0].ended == "withdrawn"


async def test_a_complaint_of_the_past_is_declined_however_it_is_assessed(world: World) -> None:
    complaint = replace(a_complaint(), historical=True, received_at=MONDAY - timedelta(days=900))
    await world.triage(complaint)
    await world.hear(assessed(complaint, "critical"))
    assert [each.reason for each in await decisions(world, complaint)] == ["historical", "historical"]
