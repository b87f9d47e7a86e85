"""The steps of an action, without a database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from capa.domain.action import STEPS, Action, Punctuality, Standing, State, Step, contain
from capa.domain.action_checks import (
    decide_extension,
    record_cost,
    reject_evidence,
    request_extension,
    verify,
)
from capa.domain.due import Due, chosen, counted
from capa.domain.errors import (
    CompletionTimeInvalid,
    DueInPast,
    DueUnchanged,
    EvidenceMissing,
    OwnerUnchanged,
    ReasonMissing,
    SamePerson,
    StepNotPossible,
)
from capa.domain.nonconformity import raise_from
from capa.domain.severity import Severity
from common.ids import new_id
from common.refusals import Refusal, Stale
from tests.capa.world import MONDAY, a_complaint, the_policy
from worktime.durations import parse_duration

POLICY = the_policy()
LATER = MONDAY + timedelta(hours=1)


def due_in(text: str) -> Due:
    return counted(POLICY.calendar, POLICY.version, MONDAY, parse_duration(text))


def an_action(owner: str | None = "credit.team") -> Action:
    complaint = a_complaint()
    nonconformity, _ = raise_from(
        complaint, nonconformity_id=new_id(), number="NC-1001", explanation="why", now=MONDAY
    )
    action, _ = contain(
        nonconformity,
        action_id=new_id(),
        number="A-1001",
        owner=owner,
        team="credit",
        due=due_in("2wd"),
        now=MONDAY,
    )
    return action


def take(action: Action, step: Step, now: datetime = LATER) -> Action:
    later = action.due.at + timedelta(days=7)
    makers: dict[Step, Callable[[], tuple[Action, object]]] = {
        Step.ASSIGN: lambda: action.assign(owner="anna", team=None, reason=""),
        Step.REASSIGN: lambda: action.reassign(owner="bert", team=None, reason="on leave"),
        Step.CHANGE_DUE: lambda: action.change_due(due_in("5wd"), reason="supplier", now=now),
        Step.COMPLETE: lambda: action.complete(evidence="done, see QM-1", completed_at=None, now=now),
        Step.CANCEL: lambda: action.cancel(reason="raised in error", now=now),
        Step.VERIFY: lambda: verify(action, statement="seen", by="person:quinn", now=now),
        Step.REJECT_EVIDENCE: lambda: reject_evidence(action, reason="not all of it", by="person:quinn"),
        Step.RECORD_COST: lambda: record_cost(action, amount=Decimal(12), currency="EUR", note=""),
        Step.REQUEST_EXTENSION: lambda: request_extension(
            action, due_at=later, reason="supplier", by="person:anna", now=now
        ),
        Step.DECIDE_EXTENSION: lambda: decide_extension(
            action, granted=True, due=due_in("9wd"), reason="confirmed", by="person:quinn"
        ),
    }
    return makers[step]()[0]


STANDING = {
    Standing.PLANNED: replace(an_action(), state=State.PLANNED),
    Standing.UNASSIGNED: an_action(owner=None),
    Standing.ASSIGNED: an_action(),
    Standing.COMPLETED: take(an_action(), Step.COMPLETE),
    Standing.VERIFIED: take(take(an_action(), Step.COMPLETE), Step.VERIFY),
    Standing.CANCELLED: take(an_action(), Step.CANCEL),
}


def test_every_standing_has_its_steps() -> None:
    assert set(STEPS) == set(Standing)


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("step", list(Step))
def test_a_step_is_possible_exactly_where_the_table_says_so(standing: Standing, step: Step) -> None:
    action = STANDING[standing]
    assert action.standing is standing
    if step in STEPS[standing]:
        assert take(action, step).version == action.version + 1
        return
    with pytest.raises(StepNotPossible) as refusal:
        take(action, step)
    assert refusal.value.detail.endswith(f"Steps possible now: {', '.join(STEPS[standing]) or 'none'}.")


@pytest.mark.parametrize("step", [Step.REASSIGN, Step.CHANGE_DUE])
def test_a_new_owner_or_due_instant_starts_a_new_deadline(step: Step) -> None:
    action = an_action()
    assert take(action, step).generation == action.generation + 1


@pytest.mark.parametrize("step", [Step.COMPLETE, Step.CANCEL])
def test_an_end_starts_no_new_deadline(step: Step) -> None:
    action = an_action()
    assert take(action, step).generation == action.generation


def test_the_original_due_instant_and_the_number_of_changes_are_kept() -> None:
    action = an_action()
    once = take(action, Step.CHANGE_DUE)
    twice, fact = once.change_due(due_in("8wd"), reason="again", now=LATER)
    assert (twice.original_due_at, twice.due_changes, fact.previous_due_at) == (
        action.due.at,
        2,
        once.due.at,
    )


def test_completed_at_the_due_instant_is_early_and_after_it_late() -> None:
    action = an_action()
    at_due, after = action.due.at, action.due.at + timedelta(microseconds=1)
    verdicts = [
        action.complete(evidence="x", completed_at=at, now=after)[0].punctuality for at in (at_due, after)
    ]
    assert verdicts == [Punctuality.EARLY, Punctuality.LATE]


@pytest.mark.parametrize("at", [MONDAY - timedelta(seconds=1), LATER + timedelta(seconds=1)])
def test_an_action_is_not_completed_before_it_was_given_nor_in_the_future(at: datetime) -> None:
    with pytest.raises(CompletionTimeInvalid):
        an_action().complete(evidence="x", completed_at=at, now=LATER)


def test_refused_values_say_which_steps_are_possible() -> None:
    action = an_action()
    refused: list[tuple[type[Refusal], str]] = []
    for attempt in (
        lambda: action.complete(evidence=" \n", completed_at=None, now=LATER),
        lambda: action.cancel(reason=" ", now=LATER),
        lambda: action.reassign(owner="credit.team", team="credit", reason="x"),
        lambda: action.change_due(action.due, reason="x", now=LATER),
        lambda: action.change_due(chosen(POLICY.calendar, "1", LATER, LATER), reason="x", now=LATER),
        lambda: action.expect(7),
    ):
        with pytest.raises(Refusal) as refusal:
            attempt()
        assert (
            "Steps possible now: reassign, change-due, complete, record-cost, cancel." in refusal.value.detail
        )
        refused.append((type(refusal.value), refusal.value.code))
    assert [kind for kind, _ in refused] == [
        EvidenceMissing,
        ReasonMissing,
        OwnerUnchanged,
        DueUnchanged,
        DueInPast,
        Stale,
    ]


def a_case_action() -> Action:
    return replace(an_action(), parent_kind="case")


def test_a_cases_action_is_due_later_only_by_an_extension_of_another_person() -> None:
    action = a_case_action()
    with pytest.raises(StepNotPossible):
        take(action, Step.CHANGE_DUE)
    asked = take(action, Step.REQUEST_EXTENSION)
    for own in ("person:anna", "person:credit.team"):
        with pytest.raises(SamePerson):
            decide_extension(asked, granted=True, due=due_in("9wd"), reason="x", by=own)
    granted = take(asked, Step.DECIDE_EXTENSION)
    assert (granted.due.at > action.due.at, granted.original_due_at) == (True, action.due.at)
    assert (granted.due_changes, granted.generation, granted.extension) == (1, 2, None)


def test_a_refused_extension_leaves_the_due_time() -> None:
    asked = take(a_case_action(), Step.REQUEST_EXTENSION)
    refused, _ = decide_extension(asked, granted=False, due=due_in("9wd"), reason="no", by="person:quinn")
    assert (refused.due, refused.due_changes, refused.generation) == (asked.due, 0, 1)


@pytest.mark.parametrize("by", ["person:credit.team", "person:doer"])
def test_neither_the_owner_nor_the_doer_verifies_an_action(by: str) -> None:
    done, _ = an_action().complete(evidence="x", completed_at=None, now=LATER, by="person:doer")
    with pytest.raises(SamePerson):
        verify(done, statement="seen", by=by, now=LATER)
    with pytest.raises(SamePerson):
        reject_evidence(done, reason="no", by=by)


def test_rejected_evidence_opens_the_action_with_a_new_deadline() -> None:
    done = take(an_action(), Step.COMPLETE)
    opened = take(done, Step.REJECT_EVIDENCE)
    assert (opened.state, opened.evidence, opened.punctuality) == (State.OPEN, None, None)
    assert opened.generation == done.generation + 1


def test_another_team_alone_is_a_reassignment() -> None:
    moved, fact = an_action().reassign(owner="credit.team", team="cards", reason="reorganised")
    assert (moved.owner, moved.team, fact.previous_team) == ("credit.team", "cards", "credit")


def test_a_breach_counts_only_for_the_present_deadline_of_an_open_action() -> None:
    action = an_action()
    moved = take(action, Step.CHANGE_DUE)
    done = take(action, Step.COMPLETE)
    heeded = [action.heeds_breach(1), moved.heeds_breach(1), moved.heeds_breach(2), done.heeds_breach(1)]
    assert heeded == [True, False, True, False]


def test_overdue_is_what_the_clock_says_about_an_open_action() -> None:
    action = an_action()
    after = action.due.at + timedelta(seconds=1)
    done = replace(action, state=State.COMPLETED)
    assert [action.is_overdue(action.due.at), action.is_overdue(after), done.is_overdue(after)] == [
        False,
        True,
        False,
    ]


def test_a_graver_complaint_raises_the_severity_and_a_milder_one_leaves_it() -> None:
    nonconformity, _ = raise_from(
        a_complaint(), nonconformity_id=new_id(), number="NC-1001", explanation="why", now=MONDAY
    )
    graver, fact = nonconformity.link(a_complaint(Severity.CRITICAL))
    milder, _ = graver.link(a_complaint(Severity.MINOR))
    assert (graver.severity, fact.previous_severity, milder.severity, milder.complaints) == (
        Severity.CRITICAL,
        Severity.MAJOR,
        Severity.CRITICAL,
        3,
    )
