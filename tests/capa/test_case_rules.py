"""The rules of a case, without a database."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from capa.domain.case import analysing, planning, screening
from capa.domain.case.analysis import Category, Gate, Method, Node, check
from capa.domain.case.carrying_out import end_monitoring
from capa.domain.case.case import POSSIBLE_IN, Case, State, Step
from capa.domain.case.guards import GUARDS, blocked
from capa.domain.case.plain import plain
from capa.domain.case.signing import Pledge, document, faults
from capa.domain.case.values import CauseKind, Nature, RecordLink, Result
from capa.domain.errors import (
    AnalysisInvalid,
    CauseUnknown,
    ContainmentUnproven,
    LinkUnknown,
    PlanInvalid,
    SamePerson,
    SignatureInvalid,
    StepNotPossible,
)
from capa.domain.risk import RATINGS, Clock, Level, Ratings, Recurrence
from capa.domain.severity import Severity
from common.ids import new_id
from tests.capa.cases import (
    APPROVER,
    DOER,
    EFFECT_PLAN,
    OTHER,
    OWNER,
    POLICY,
    STRAIGHT,
    around,
    brought_to,
    good,
)


def codes(case: Case, step: Step, by: str, *actions: object) -> set[str]:
    here = around(by, *actions)  # type: ignore[arg-type]
    return {blocker.code for blocker in blocked(case, here)[step]}


def test_every_step_has_its_states_and_every_state_some_step_or_an_end() -> None:
    assert set(POSSIBLE_IN) == set(Step)
    assert set(GUARDS) <= set(Step)
    covered = set().union(*POSSIBLE_IN.values())
    assert set(State) - covered == {State.REJECTED, State.CANCELLED}


@pytest.mark.parametrize("state", STRAIGHT)
def test_the_straight_way_reaches_every_state(state: State) -> None:
    story = brought_to(state)
    assert story.case.state is state
    assert list(story.case.warnings()) == []


def test_a_request_is_the_screeners_and_an_accepted_case_the_owners() -> None:
    asked, accepted = brought_to(State.REQUESTED).case, brought_to(State.ACCEPTED).case
    assert [(each.clock, each.owner, each.team) for each in asked.deadlines] == [
        (Clock.SCREEN, "quality.desk", "quality")
    ]
    assert {(each.clock, each.owner) for each in accepted.deadlines} == {
        (Clock.CONTAIN, "anna"),
        (Clock.COMPLETE, "anna"),
    }
    assert accepted.original_due_at == accepted.due.at  # type: ignore[union-attr]


def test_approving_verifying_and_reviewing_are_the_approvers() -> None:
    for state, clock in (
        (State.PLAN_PENDING_APPROVAL, Clock.APPROVE),
        (State.VERIFYING, Clock.VERIFY),
        (State.EFFECTIVENESS_REVIEW, Clock.REVIEW),
    ):
        owners = {each.clock: each.owner for each in brought_to(state).case.deadlines}
        assert owners[clock] == "quinn"


def test_no_deadline_runs_while_the_effect_is_watched_or_after_the_end() -> None:
    for state in (State.MONITORING, State.CLOSED_EFFECTIVE):
        assert brought_to(state).case.deadlines == ()


@pytest.mark.parametrize("step", [Step.ACCEPT, Step.ASSIGN_TEAM])
def test_the_approver_is_another_person_than_the_owner(step: Step) -> None:
    story = brought_to(State.REQUESTED if step is Step.ACCEPT else State.ACCEPTED)
    command = replace(good(step, story.case), approver="anna")  # type: ignore[call-arg]
    with pytest.raises(SamePerson):
        command.take(story.case, story.around(OTHER))


def test_containment_needs_an_action_that_is_done_or_a_reason_for_none() -> None:
    story = brought_to(State.CONTAINMENT)
    with pytest.raises(ContainmentUnproven):
        analysing.Contain(needed=True, explanation="sorted").take(story.case, story.around(OWNER))
    story.take(Step.CONTAIN)
    assert story.case.state is State.INVESTIGATING


def test_a_plan_needs_problem_root_cause_escape_cause_and_a_look_elsewhere() -> None:
    story = brought_to(State.INVESTIGATING)
    assert codes(story.case, Step.SUBMIT_PLAN, OWNER) == {
        "problem_missing",
        "root_cause_missing",
        "escape_cause_missing",
        "similar_missing",
    }
    story.take(Step.RECORD_CAUSE)
    story.take(Step.VERIFY_CAUSE, passed=False)
    assert "root_cause_missing" in codes(story.case, Step.SUBMIT_PLAN, OWNER)
    story.investigate()
    assert codes(story.case, Step.SUBMIT_PLAN, OWNER) == set()


def test_a_plan_is_approved_by_the_approver_alone_with_an_action_for_each_cause_and_a_plan_for_the_effect() -> (
    None
):
    story = brought_to(State.PLAN_PENDING_APPROVAL)
    without = replace(story.case, effect_plan=None)
    assert codes(without, Step.APPROVE_PLAN, OWNER) == {
        "cause_without_action",
        "effect_plan_missing",
        "not_the_approver",
    }
    assert codes(story.case, Step.APPROVE_PLAN, APPROVER, *story.actions) == set()


def test_management_signs_where_the_policy_reserves_it() -> None:
    story = brought_to(State.PLAN_PENDING_APPROVAL)
    great = replace(story.case, risk=POLICY.assess(Severity.CRITICAL, Recurrence.FIRST, None))
    here = around(APPROVER, *story.actions, rights=frozenset())
    assert {each.code for each in blocked(great, here)[Step.APPROVE_PLAN]} == {"approval_level"}
    assert not blocked(great, story.around(APPROVER))[Step.APPROVE_PLAN]


def test_an_action_added_to_a_signed_plan_voids_the_signature_until_it_is_signed_again() -> None:
    story = brought_to(State.IMPLEMENTING)
    first = story.case.signed("plan")
    story.add_action()
    assert first is not None
    assert (story.case.signed("plan"), story.case.signatures[0].voided_at) == (None, story.now)
    assert "plan_not_approved" in codes(story.case, Step.REPORT_IMPLEMENTED, OWNER, *story.actions)
    story.take(Step.APPROVE_PLAN, APPROVER)
    assert story.case.signed("plan") is not None


def test_whoever_did_an_action_or_owns_the_case_does_not_verify_the_plan() -> None:
    story = brought_to(State.VERIFYING)
    assert codes(story.case, Step.VERIFY, DOER, *story.actions) == {"did_it_oneself"}
    assert codes(story.case, Step.VERIFY, OWNER, *story.actions) == {"is_the_owner"}
    assert codes(story.case, Step.VERIFY, OTHER, *story.actions) == set()


def test_the_window_ends_in_time_and_not_before() -> None:
    story = brought_to(State.MONITORING)
    assert end_monitoring(story.case, story.around("service:capa")) is None
    story.wait()
    assert story.case.state is State.EFFECTIVENESS_REVIEW


@pytest.mark.parametrize("result", [Result.INEFFECTIVE, Result.INCONCLUSIVE])
def test_no_path_leads_to_closed_from_a_check_that_is_not_effective(result: Result) -> None:
    story = brought_to(State.EFFECTIVENESS_REVIEW)
    assert codes(story.case, Step.CLOSE, APPROVER, *story.actions) >= {"not_effective"}
    story.take(Step.REVIEW_EFFECTIVENESS, APPROVER, result=result)
    with pytest.raises(StepNotPossible):
        story.take(Step.CLOSE, APPROVER)


@pytest.mark.parametrize("result", list(Result))
def test_the_figures_decide_by_the_test_that_the_plan_fixed(result: Result) -> None:
    story = brought_to(State.EFFECTIVENESS_REVIEW)
    story.take(Step.REVIEW_EFFECTIVENESS, APPROVER, result=result)
    review = story.case.reviews[-1]
    assert (review.result, len(review.reckoning) > 1) == (result, True)


def test_a_grave_event_of_the_same_cause_is_never_effective() -> None:
    story = brought_to(State.EFFECTIVENESS_REVIEW)
    command = good(Step.REVIEW_EFFECTIVENESS, story.case)
    taken = replace(command, same_cause=1).take(story.case, story.around(APPROVER))  # type: ignore[call-arg]
    assert taken.case.reviews[-1].result is Result.INEFFECTIVE


def test_an_ineffective_check_opens_a_new_round_that_asks_for_everything_anew() -> None:
    story = brought_to(State.EFFECTIVENESS_REVIEW)
    original = story.case.original_due_at
    story.take(Step.REVIEW_EFFECTIVENESS, APPROVER, result=Result.INEFFECTIVE)
    assert (story.case.state, story.case.cycle) == (State.INVESTIGATING, 2)
    assert codes(story.case, Step.SUBMIT_PLAN, OWNER) == {
        "root_cause_missing",
        "escape_cause_missing",
        "similar_missing",
    }
    assert (story.case.original_due_at, story.case.effect_plan) == (original, None)
    assert story.case.due is not None
    assert story.case.due.at > story.now


def test_an_inconclusive_check_extends_the_window_once_and_then_opens_a_new_round() -> None:
    story = brought_to(State.EFFECTIVENESS_REVIEW)
    story.take(Step.REVIEW_EFFECTIVENESS, APPROVER, result=Result.INCONCLUSIVE)
    assert story.case.state is State.MONITORING
    assert story.case.monitoring_until == story.now + timedelta(days=EFFECT_PLAN.window_days)
    story.wait()
    story.take(Step.REVIEW_EFFECTIVENESS, APPROVER, result=Result.INCONCLUSIVE)
    assert (story.case.state, story.case.cycle) == (State.INVESTIGATING, 2)


def test_what_came_back_is_opened_again_and_the_signature_on_the_closing_is_void() -> None:
    story = brought_to(State.CLOSED_EFFECTIVE)
    story.take(Step.REOPEN, APPROVER)
    closing = next(each for each in story.case.signatures if each.covers == "closure")
    review = next(each for each in story.case.signatures if each.covers == "effectiveness")
    assert (story.case.cycle, story.case.closed_at, closing.voided_at) == (2, None, story.now)
    assert review.voided_at is None


def test_an_extension_needs_another_person_and_leaves_the_original_due_time() -> None:
    story = brought_to(State.IMPLEMENTING)
    story.take(Step.REQUEST_EXTENSION, APPROVER)
    assert codes(story.case, Step.DECIDE_EXTENSION, OWNER) == {"is_the_owner"}
    assert codes(story.case, Step.DECIDE_EXTENSION, APPROVER) == {"asked_for_it"}
    original, due = story.case.original_due_at, story.case.due
    story.take(Step.DECIDE_EXTENSION, OTHER)
    assert (story.case.original_due_at, story.case.due_changes) == (original, 1)
    assert story.case.due is not None
    assert due is not None
    assert story.case.due.at > due.at


def test_a_hold_stops_every_clock_and_a_held_window_ends_later() -> None:
    story = brought_to(State.MONITORING)
    until = story.case.monitoring_until
    story.take(Step.HOLD)
    assert story.case.deadlines == ()
    story.now += timedelta(days=10)
    story.take(Step.RESUME)
    assert until is not None
    assert (story.case.state, story.case.monitoring_until) == (State.MONITORING, until + timedelta(days=10))


def test_a_signature_is_checked_without_the_system_and_a_change_of_either_part_shows() -> None:
    story = brought_to(State.IMPLEMENTING)
    signature = story.case.signed("plan")
    assert signature is not None
    record = plain(signature)
    signed = dict(document(story.case, story.actions, "plan"))
    assert isinstance(record, dict)
    assert faults(story.case.number, record, signed) == []
    assert len(faults(story.case.number, record, signed | {"number": "CA-9"})) == 1
    assert len(faults(story.case.number, record | {"printed_name": "Somebody Else"}, signed)) == 1


def test_only_a_person_signs_and_prints_a_name() -> None:
    story = brought_to(State.PLAN_PENDING_APPROVAL)
    nameless = replace(good(Step.APPROVE_PLAN, story.case), signature=Pledge(" ", "api_key"))  # type: ignore[call-arg]
    with pytest.raises(SignatureInvalid):
        nameless.take(story.case, story.around(APPROVER))
    with pytest.raises(SignatureInvalid):
        good(Step.APPROVE_PLAN, story.case).take(story.case, story.around("system:quinn"))


@pytest.mark.parametrize("nature", [Nature.HUMAN_ERROR, Nature.TRAINING])
def test_human_error_or_lack_of_training_alone_warns(nature: Nature) -> None:
    story = brought_to(State.INVESTIGATING)
    story.investigate()
    weak = tuple(
        replace(cause, nature=nature) if cause.kind is CauseKind.ROOT else cause
        for cause in story.case.causes
    )
    assert [code for code, _ in replace(story.case, causes=weak).warnings()] == ["weak_cause"]


def test_a_cause_is_tested_once_and_in_its_own_round() -> None:
    story = brought_to(State.INVESTIGATING)
    story.take(Step.RECORD_CAUSE)
    with pytest.raises(CauseUnknown):
        replace(good(Step.VERIFY_CAUSE, story.case), cause_id=new_id()).take(  # type: ignore[call-arg]
            story.case, story.around(OWNER)
        )


def test_links_that_contradict_the_answer_are_refused() -> None:
    story = brought_to(State.INVESTIGATING)
    link = RecordLink("case", new_id())
    with pytest.raises(LinkUnknown):
        analysing.AnswerSimilar(found=False, links=(link,), explanation="x").take(
            story.case, story.around(OWNER)
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [("reduction", 0.0), ("significance", 1.0), ("window_days", 0), ("baseline_exposure", 0.0)],
)
def test_a_plan_for_the_effect_out_of_range_is_refused(field: str, value: float) -> None:
    story = brought_to(State.INVESTIGATING)
    plan = replace(EFFECT_PLAN, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(PlanInvalid) as refusal:
        planning.PlanEffectiveness(plan=plan).take(story.case, story.around(OWNER))
    assert refusal.value.errors[0].pointer == f"/plan/{field}"


GOOD_TREES: list[tuple[Method, tuple[Node, ...]]] = [
    (Method.FIVE_WHYS, (Node("1", None, "why"), Node("2", "1", "a"), Node("3", "1", "b"))),
    (
        Method.ISHIKAWA,
        (
            Node("m", None, "wear", Category.MACHINE),
            Node("p", None, "new", Category.PEOPLE),
            Node("x", "m", "age"),
        ),
    ),
    (Method.FAULT_TREE, (Node("t", None, "top", gate=Gate.AND), Node("a", "t", "a"), Node("b", "t", "b"))),
]
BAD_TREES: list[tuple[Method, tuple[Node, ...], str]] = [
    (Method.FIVE_WHYS, (Node("1", None, "why"), Node("2", None, "another")), "parent"),
    (Method.FIVE_WHYS, (Node("1", "2", "a"), Node("2", "1", "b")), "parent"),
    (Method.FIVE_WHYS, (Node("1", None, "a"), Node("1", "1", "b")), "key"),
    (Method.FIVE_WHYS, (Node("1", None, "a", Category.PEOPLE),), "category"),
    (Method.ISHIKAWA, (Node("1", None, "a"),), "category"),
    (Method.FAULT_TREE, (Node("t", None, "top"), Node("a", "t", "a")), "gate"),
    (Method.FAULT_TREE, (Node("t", None, "top", gate=Gate.OR),), "gate"),
]


@pytest.mark.parametrize(("method", "nodes"), GOOD_TREES)
def test_an_analysis_that_hangs_together_is_taken(method: Method, nodes: tuple[Node, ...]) -> None:
    check(method, nodes)


@pytest.mark.parametrize(("method", "nodes", "field"), BAD_TREES)
def test_an_analysis_that_does_not_names_the_box(method: Method, nodes: tuple[Node, ...], field: str) -> None:
    with pytest.raises(AnalysisInvalid) as refusal:
        check(method, nodes)
    assert refusal.value.errors[0].pointer.endswith(f"/{field}")


def test_the_risk_follows_from_the_matrix_or_from_ratings() -> None:
    by_matrix = POLICY.assess(Severity.MAJOR, Recurrence.FREQUENT, None)
    by_ratings = POLICY.assess(Severity.MINOR, Recurrence.FIRST, Ratings(9, 8, 1))
    assert (by_matrix.level, by_matrix.table) == (Level.HIGH, "severity_recurrence")
    assert (by_ratings.level, by_ratings.table) == (Level.HIGH, "action_priority")
    assert POLICY.assess(Severity.MINOR, Recurrence.FIRST, Ratings(10, 1, 10)).level is Level.LOW


def test_a_greater_rating_never_lowers_the_action_priority() -> None:
    rank = {Level.LOW: 0, Level.MEDIUM: 1, Level.HIGH: 2}
    level = {
        three: rank[POLICY.assess(Severity.MINOR, Recurrence.FIRST, Ratings(*three)).level]
        for three in product(RATINGS, repeat=3)
    }
    for (severity, occurrence, detection), found in level.items():
        for greater in (
            (severity + 1, occurrence, detection),
            (severity, occurrence + 1, detection),
            (severity, occurrence, detection + 1),
        ):
            assert level.get(greater, 2) >= found


def test_a_greater_risk_counts_running_clocks_anew_and_leaves_the_cases_due_time() -> None:
    story = brought_to(State.INVESTIGATING)
    before = {each.clock: each for each in story.case.deadlines}
    story.take(Step.ASSESS_RISK)
    after = {each.clock: each for each in story.case.deadlines}
    assert after[Clock.INVESTIGATE].due.at < before[Clock.INVESTIGATE].due.at
    assert after[Clock.INVESTIGATE].generation > before[Clock.INVESTIGATE].generation
    assert after[Clock.COMPLETE] == before[Clock.COMPLETE]


def test_new_people_get_the_deadlines_that_run() -> None:
    story = brought_to(State.PLAN_PENDING_APPROVAL)
    moved = screening.AssignTeam(owner="vera", approver="bert", team=story.case.team, reason="on leave").take(
        story.case, story.around(OWNER)
    )
    assert {each.clock: each.owner for each in moved.case.deadlines} == {
        Clock.APPROVE: "bert",
        Clock.COMPLETE: "vera",
    }
