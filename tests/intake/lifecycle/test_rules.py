"""What each step needs, and what it leaves on record."""

from dataclasses import replace
from datetime import timedelta

import pytest

from common.actor import Actor
from intake.domain.complaint import Channel, Severity, State
from intake.domain.errors import FromTheFuture
from intake.domain.lifecycle import commands, facts
from intake.domain.lifecycle.guards import Case, Seen, possible
from intake.domain.lifecycle.refusals import StepInvalid, StepRefused
from intake.domain.lifecycle.taking import AnyCommand, Taken, take
from intake.domain.lifecycle.words import Ending, Obstacle, Reportability, Step
from tests.intake.lifecycle.examples import (
    ANNA,
    ANSWER,
    BERT,
    GOOD,
    POLICY,
    QUINN,
    a_case,
    a_complaint,
    a_good,
    an_assessment,
    another,
    at,
)
from tests.intake.world import NOON


def after(case: Case, *steps: Step | AnyCommand, hours: float = 1, actor: Actor = ANNA) -> Case:
    """The case after steps, each with good values."""
    for step in steps:
        command = a_good(step, case) if isinstance(step, Step) else step
        master = another(a_complaint(2)) if command.step is Step.LINK else None
        taken = take(command, case, at(hours, actor=actor), other=master)
        case = replace(case, complaint=taken.complaint, handling=taken.handling)
    return case


ANSWERED = (Step.ASSESS, Step.ASSIGN, Step.START_INVESTIGATION, Step.RESPOND)


def refused(command: AnyCommand, case: Case, *, hours: float = 2, actor: Actor = ANNA) -> set[Obstacle]:
    with pytest.raises(StepRefused) as refusal:
        take(command, case, at(hours, actor=actor), other=another(a_complaint(2)))
    return {each.code for each in refusal.value.hindrances}


def invalid(command: AnyCommand, case: Case, *, hours: float = 2) -> set[tuple[str, str]]:
    with pytest.raises(StepInvalid) as refusal:
        take(command, case, at(hours))
    return {(error.pointer, error.code) for error in refusal.value.errors}


def closed(case: Case, *, hours: float = 3, actor: Actor = QUINN) -> Taken:
    return take(GOOD[Step.CLOSE], case, at(hours, actor=actor))


def test_a_complaint_is_investigated_only_once_somebody_owns_it() -> None:
    case = after(a_case(), Step.ASSESS)
    assert refused(commands.StartInvestigation(), case) == {Obstacle.NO_OWNER}
    assert after(case, Step.ASSIGN, Step.START_INVESTIGATION).state is State.INVESTIGATING


def test_what_is_not_assessed_is_neither_investigated_nor_answered() -> None:
    for step in (Step.START_INVESTIGATION, Step.WAIVE_INVESTIGATION, Step.RESPOND, Step.CLOSE):
        assert refused(GOOD[step], a_case()) == {Obstacle.STATE}


def test_without_investigation_there_is_an_answer_only_where_it_was_waived_by_somebody_with_a_reason() -> (
    None
):
    case = after(a_case(), Step.ASSESS)
    assert refused(ANSWER, case) == {Obstacle.NOT_INVESTIGATED}
    waived = after(case, Step.WAIVE_INVESTIGATION, actor=QUINN)
    assert waived.handling.waiver is not None
    assert (waived.handling.waiver.by, waived.handling.waiver.reason) == ("person:quinn", "Known.")
    answered = after(waived, commands.Respond(channel=Channel.PHONE, reply="As it is."))
    assert (answered.state, answered.handling.response is not None) == (State.RESPONDED, True)


def test_an_earlier_investigation_is_used_only_where_it_found_something() -> None:
    case, command = after(a_case(), Step.ASSESS), commands.WaiveInvestigation(reason="Same.", reuses="C-2")
    unknown = another(a_complaint(2))
    with pytest.raises(StepRefused) as refusal:
        take(command, case, at(2), other=unknown)
    assert [each.code for each in refusal.value.hindrances] == [Obstacle.NOT_REUSABLE]
    taken = take(command, case, at(2), other=replace(unknown, investigated=True))
    assert taken.handling.waiver is not None
    assert (taken.handling.waiver.reused_number, taken.handling.waiver.reused_id) == ("C-2", unknown.id)


def test_an_answer_after_an_investigation_says_what_was_found_and_what_follows() -> None:
    case = after(a_case(), *ANSWERED[:3])
    assert invalid(commands.Respond(channel=Channel.PHONE), case) == {
        ("/reply", "missing"),
        ("/finding", "missing"),
        ("/capa_required", "missing"),
    }
    needed = replace(ANSWER, capa_required=True, capa_rationale=None)
    assert invalid(needed, case) == {("/capa_reference", "missing")}
    assert invalid(replace(ANSWER, capa_rationale=None), case) == {("/capa_rationale", "missing")}
    assert invalid(replace(ANSWER, capa_reference="CAPA-1"), case) == {("/capa_reference", "not_expected")}


@pytest.mark.parametrize("step", [Step.ASSESS, Step.RESPOND])
def test_undetermined_reportability_keeps_a_complaint_from_being_answered_and_closed(step: Step) -> None:
    undetermined = an_assessment(reportability=Reportability.UNDETERMINED)
    if step is Step.RESPOND:
        case = after(a_case(), undetermined, Step.ASSIGN, Step.START_INVESTIGATION)
        assert refused(ANSWER, case) == {Obstacle.REPORTABILITY}
    else:
        case = after(a_case(), *ANSWERED, undetermined, Step.CUSTOMER_ACCEPTS)
        assert refused(GOOD[Step.CLOSE], case, actor=QUINN) == {Obstacle.REPORTABILITY}


def test_a_reportable_complaint_names_its_authorities_and_no_other_does() -> None:
    told = replace(an_assessment(reportability=Reportability.YES), report_to=())
    assert invalid(told, a_case()) == {("/report_to", "missing")}
    assert invalid(replace(an_assessment(), report_to=("a",)), a_case()) == {("/report_to", "not_expected")}


def test_a_reportable_complaint_is_closed_once_every_report_is_filed() -> None:
    reportable = an_assessment(reportability=Reportability.YES)
    case = after(a_case(), reportable, *ANSWERED[1:], Step.CUSTOMER_ACCEPTS)
    assert refused(GOOD[Step.CLOSE], case, actor=QUINN) == {Obstacle.REPORT_MISSING}
    filed = after(case, Step.FILE_REPORT)
    assert closed(filed).complaint.state is State.CLOSED
    assert Step.FILE_REPORT not in possible(after(a_case(), *ANSWERED), at(2))


def test_a_report_is_recorded_once() -> None:
    reportable = an_assessment(reportability=Reportability.YES)
    case = after(a_case(), reportable, Step.FILE_REPORT)
    assert refused(GOOD[Step.FILE_REPORT], case) == {Obstacle.REPORT_KNOWN}


def test_a_complaint_is_closed_when_the_customer_agrees() -> None:
    case = after(a_case(), *ANSWERED)
    assert refused(GOOD[Step.CLOSE], case, actor=QUINN) == {Obstacle.CUSTOMER_SILENT}
    fact = closed(after(case, Step.CUSTOMER_ACCEPTS)).facts[0]
    assert isinstance(fact, facts.Closed)
    assert (fact.ended_by, fact.policy_version, fact.closure_code) == (Ending.ACCEPTED, "7", "resolved")


def test_a_complaint_is_closed_after_two_dated_attempts_and_not_after_one() -> None:
    once = after(a_case(), *ANSWERED, Step.RECORD_CONTACT_ATTEMPT)
    assert refused(GOOD[Step.CLOSE], once, actor=QUINN) == {Obstacle.CUSTOMER_SILENT}
    same = commands.RecordContactAttempt(channel=Channel.PHONE, at=NOON + timedelta(hours=1))
    assert invalid(same, once) == {("/at", "attempt_known")}
    fact = closed(after(once, Step.RECORD_CONTACT_ATTEMPT, hours=2)).facts[0]
    assert isinstance(fact, facts.Closed)
    assert fact.ended_by is Ending.ATTEMPTS


def test_a_complaint_is_closed_when_the_response_period_is_over_and_not_a_moment_before() -> None:
    case, over = after(a_case(), *ANSWERED), 1 + 28 * 24
    assert refused(GOOD[Step.CLOSE], case, hours=over - 0.001, actor=QUINN) == {Obstacle.CUSTOMER_SILENT}
    fact = closed(case, hours=over).facts[0]
    assert isinstance(fact, facts.Closed)
    assert fact.ended_by is Ending.PERIOD_OVER


def test_triage_that_has_not_decided_keeps_a_complaint_open() -> None:
    case = after(a_case(triaged=False), *ANSWERED, Step.CUSTOMER_ACCEPTS)
    assert refused(GOOD[Step.CLOSE], case, actor=QUINN) == {Obstacle.TRIAGE_PENDING}


def test_an_undecided_nonconformity_keeps_a_complaint_open_where_the_policy_says_so() -> None:
    case = replace(
        after(a_case(), *ANSWERED, Step.CUSTOMER_ACCEPTS),
        seen=Seen(triaged=True, nonconformity="NC-1", nonconformity_state="open"),
    )
    assert refused(GOOD[Step.CLOSE], case, actor=QUINN) == {Obstacle.NOT_DISPOSITIONED}
    lenient = at(3, actor=QUINN, policy=replace(POLICY, needs_disposition=False))
    assert take(GOOD[Step.CLOSE], case, lenient).complaint.state is State.CLOSED


@pytest.mark.parametrize("severity", [Severity.MAJOR, Severity.CRITICAL])
def test_two_people_are_needed_to_close_what_is_major_or_more(severity: Severity) -> None:
    case = after(a_case(), an_assessment(severity=severity), *ANSWERED[1:], Step.CUSTOMER_ACCEPTS, actor=BERT)
    for actor in (ANNA, BERT):  # the owner, and whoever investigated
        assert refused(GOOD[Step.CLOSE], case, actor=actor) == {Obstacle.SAME_PERSON}
    assert closed(case).complaint.state is State.CLOSED


def test_whoever_waived_the_investigation_does_not_approve_the_closure() -> None:
    case = after(a_case(), Step.ASSESS, Step.WAIVE_INVESTIGATION, actor=QUINN)
    answered = after(case, Step.RESPOND, Step.CUSTOMER_ACCEPTS)
    assert refused(GOOD[Step.CLOSE], answered, actor=QUINN) == {Obstacle.SAME_PERSON}


def test_one_person_may_do_everything_about_what_is_minor() -> None:
    minor = an_assessment(severity=Severity.MINOR)
    case = after(a_case(), minor, *ANSWERED[1:], Step.CUSTOMER_ACCEPTS)
    assert closed(case, actor=ANNA).complaint.state is State.CLOSED


def test_a_closure_has_a_code_of_the_policy() -> None:
    case = after(a_case(), *ANSWERED, Step.CUSTOMER_ACCEPTS)
    with pytest.raises(StepInvalid) as refusal:
        take(commands.Close(closure_code="whatever"), case, at(3, actor=QUINN))
    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        ("/closure_code", "closure_code_unknown")
    ]


def test_all_that_is_missing_is_said_at_once() -> None:
    reportable = an_assessment(reportability=Reportability.YES)
    case = after(a_case(triaged=False), reportable, *ANSWERED[1:])
    assert refused(GOOD[Step.CLOSE], case) == {
        Obstacle.CUSTOMER_SILENT,
        Obstacle.REPORT_MISSING,
        Obstacle.TRIAGE_PENDING,
        Obstacle.SAME_PERSON,
    }


def test_a_customer_who_does_not_agree_has_the_investigation_go_on() -> None:
    case = after(a_case(), *ANSWERED, Step.RECORD_CONTACT_ATTEMPT, Step.CUSTOMER_REJECTS)
    assert (case.state, case.handling.customer_rejections) == (State.INVESTIGATING, 1)
    assert (case.handling.response, case.handling.contacts) == (None, ())


def test_a_closed_complaint_is_opened_again_in_a_new_run_that_begins_anew() -> None:
    done = closed(after(a_case(), Step.ACKNOWLEDGE, *ANSWERED, Step.CUSTOMER_ACCEPTS))
    case = replace(a_case(), complaint=done.complaint, handling=done.handling)
    again = after(case, Step.REOPEN, hours=4)
    handling = again.handling
    assert (again.state, handling.run, handling.reopened) == (State.INVESTIGATING, 2, 1)
    assert (handling.closure, handling.response, handling.accepted_at, handling.acknowledged_at) == (
        None,
        None,
        None,
        None,
    )
    assert (handling.owner, handling.assessment is not None) == ("anna", True)


@pytest.mark.parametrize(("before", "state"), [((), State.RECEIVED), ((Step.ASSESS,), State.ASSESSED)])
def test_an_overruled_rejection_leads_back_to_where_it_stood(before: tuple[Step, ...], state: State) -> None:
    case = after(a_case(), *before, Step.REJECT)
    assert case.state is State.NOT_A_COMPLAINT
    assert after(case, Step.OVERRULE_REJECTION).state is state


def test_a_duplicate_keeps_its_own_acknowledgement_and_reply_and_takes_no_other_work() -> None:
    case = after(a_case(), Step.LINK)
    steps = set(possible(case, at(2)))
    assert {Step.ACKNOWLEDGE, Step.RESPOND, Step.UPDATE_CUSTOMER, Step.WITHDRAW, Step.REOPEN} <= steps
    assert steps.isdisjoint({Step.ASSESS, Step.START_INVESTIGATION, Step.LINK, Step.CLOSE, Step.REJECT})
    answered = after(case, commands.Respond(channel=Channel.PHONE, reply="See C-2."))
    assert answered.state is State.LINKED
    assert refused(ANSWER, answered) == {Obstacle.RESPONDED}


def test_no_chained_duplicates() -> None:
    for master, code in (
        (another(replace(a_complaint(2), state=State.LINKED)), Obstacle.MASTER_LINKED),
        (another(replace(a_complaint(2), state=State.WITHDRAWN)), Obstacle.MASTER_ENDED),
        (another(a_complaint(2, product="loan")), Obstacle.MASTER_PRODUCT),
        (another(a_complaint(1)), Obstacle.MASTER_SELF),
    ):
        with pytest.raises(StepRefused) as refusal:
            take(GOOD[Step.LINK], a_case(), at(1), other=master)
        assert [each.code for each in refusal.value.hindrances] == [code]
    assert refused(GOOD[Step.LINK], replace(a_case(), has_duplicates=True)) == {Obstacle.HAS_DUPLICATES}


def test_the_wait_for_the_customer_ends_with_the_answer_and_is_part_of_what_happened() -> None:
    case = after(a_case(), *ANSWERED[:3], Step.WAIT_FOR_CUSTOMER)
    taken = take(ANSWER, case, at(5))
    assert [type(fact) for fact in taken.facts] == [facts.Responded, facts.WaitingEnded]
    assert (taken.handling.waiting_since, taken.facts[1].at) == (None, NOON + timedelta(hours=5))


@pytest.mark.parametrize("state", [State.RECEIVED, State.ASSESSED, State.INVESTIGATING, State.RESPONDED])
def test_whatever_has_not_ended_can_be_withdrawn(state: State) -> None:
    reached = {State.RECEIVED: 0, State.ASSESSED: 1, State.INVESTIGATING: 3, State.RESPONDED: 4}[state]
    case = after(a_case(), *ANSWERED[:reached])
    assert case.state is state
    assert after(case, Step.WITHDRAW).state is State.WITHDRAWN


def test_nothing_happens_in_the_future_or_before_it_can_have() -> None:
    soon = commands.Acknowledge(channel=Channel.EMAIL, at=NOON + timedelta(hours=2))
    with pytest.raises(FromTheFuture):
        take(soon, a_case(), at(1))
    early = commands.Acknowledge(channel=Channel.EMAIL, at=NOON - timedelta(hours=2))
    assert invalid(early, a_case()) == {("/at", "time_before_receipt")}
    agreed = commands.CustomerAccepts(at=NOON)
    assert invalid(agreed, after(a_case(), *ANSWERED)) == {("/at", "time_before_cause")}


def test_no_text_that_people_wrote_is_in_a_fact() -> None:
    case, texts = a_case(), []
    for command in (
        an_assessment(),
        commands.Assign(owner="anna", note="Flurb"),
        commands.StartInvestigation(),
        replace(ANSWER, reply="Flurb", finding="Flurb", capa_rationale="Flurb"),
        commands.CustomerRejects(reason="Flurb"),
        commands.Withdraw(reason="Flurb"),
    ):
        taken = take(command, case, at(1))
        assert "Flurb" not in repr(taken.facts)
        texts += [name for name, text in taken.texts.items() if text == "Flurb"]
        case = replace(case, complaint=taken.complaint, handling=taken.handling)
    assert texts == ["note", "reply", "finding", "capa_rationale", "reason", "reason"]


def test_the_scope_that_is_missing_is_the_reason_of_a_refusal() -> None:
    situation = replace(at(1), scopes=frozenset({"complaints:assess"}))
    assert possible(a_case(), situation) == (Step.ASSESS, Step.REJECT, Step.LINK)
