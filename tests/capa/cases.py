"""Steps of cases with input that is good, for tests without a database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from capa.domain import action_checks
from capa.domain.action import Action, State
from capa.domain.case import analysing, carrying_out, judging, pausing, planning, screening
from capa.domain.case.analysis import Method, Node
from capa.domain.case.carrying_out import end_monitoring
from capa.domain.case.case import Case, Step
from capa.domain.case.case import State as CaseState
from capa.domain.case.command import Command
from capa.domain.case.facts import PlanApproved
from capa.domain.case.guards import Circumstances
from capa.domain.case.signing import Pledge, void_changed
from capa.domain.case.values import (
    CauseKind,
    EffectPlan,
    Lessons,
    Member,
    Nature,
    Problem,
    Rejection,
    Result,
)
from capa.domain.due import chosen
from capa.domain.giving import Parent, Task, give
from capa.domain.risk import Recurrence
from capa.domain.severity import Severity
from common.ids import new_id
from tests.capa.world import MONDAY, the_case_policy

POLICY = the_case_policy()
OWNER, APPROVER, DOER, OTHER = "person:anna", "person:quinn", "person:bert", "person:vera"
PEOPLE = (OWNER, APPROVER, DOER, OTHER)
RIGHTS = frozenset({"cases:approve-management"})
PLEDGE = Pledge("Printed Name", "api_key")
PROBLEM = Problem(
    statement="letters state a wrong fee",
    what="",
    where="",
    when="",
    who="",
    why="",
    how="",
    how_many="",
    comparison=(),
)
EFFECT_PLAN = EffectPlan(
    metric="wrong fees",
    exposure_unit="letters",
    baseline_events=31,
    baseline_exposure=9500.0,
    reduction=0.5,
    significance=0.05,
    start_delay_days=0,
    window_days=90,
    test="poisson_exact",
)
WINDOW = {
    Result.EFFECTIVE: (2, 10_000.0),
    Result.INEFFECTIVE: (40, 10_000.0),
    Result.INCONCLUSIVE: (0, 1.0),
}
"""What comes in the window, after 31 in 9,500."""

LESSONS = Lessons(
    documents="none",
    fmea="none",
    training="none",
    horizontal_spread="none",
    risks_updated="none",
    system_changes="none",
    recognition="thanks",
)


def around(
    by: str, *actions: Action, now: datetime = MONDAY, rights: frozenset[str] = RIGHTS
) -> Circumstances:
    return Circumstances(by=by, rights=rights, now=now, policy=POLICY, actions=actions)


def a_request(**changes: object) -> Case:
    asked = screening.Request(
        title="Wrong fees",
        description="",
        product="credit-card",
        category="fees",
        severity=Severity.MAJOR,
        nonconformity_ids=(new_id(),),
        recurrence_of=None,
    )
    taken = screening.request(
        replace(asked, **changes),  # type: ignore[arg-type]
        case_id=new_id(),
        number="CA-1001",
        correlation_id=new_id(),
        around=around(OTHER),
    )
    return taken.case


def an_action(case: Case, now: datetime = MONDAY) -> Action:
    """A corrective action against each confirmed cause of the round."""
    parent = Parent(
        kind="case",
        id=case.id,
        product=case.product,
        severity=case.severity,
        correlation_id=case.correlation_id,
    )
    causes = tuple(cause.id for cause in case.confirmed()) or tuple(cause.id for cause in case.causes)
    due = chosen(POLICY.calendar, "1", now, now + timedelta(days=30))
    task = Task(
        kind="corrective" if causes else "preventive",
        title="review the table",
        owner="bert",
        team=None,
        due=due,
        causes=causes,
    )
    return give(parent, task, action_id=new_id(), number="A-1001", planned=True, now=now)[0]


def good(
    step: Step,
    case: Case,
    *,
    now: datetime = MONDAY,
    kind: CauseKind = CauseKind.ROOT,
    passed: bool = True,
    result: Result = Result.EFFECTIVE,
) -> Command:
    """A step with input that nothing is wrong with."""
    untested = next(
        (cause.id for cause in case.causes if cause.test is None and cause.cycle == case.cycle), new_id()
    )
    later = max(now, case.due.at if case.due else now) + timedelta(days=1)
    makers: Mapping[Step, Callable[[], Command]] = {
        Step.ACCEPT: lambda: screening.Accept(
            owner="anna",
            approver="quinn",
            team=(Member("bert", "engineer"),),
            severity=Severity.MAJOR,
            recurrence=Recurrence.REPEATED,
            ratings=None,
            reason="",
        ),
        Step.REJECT: lambda: screening.Reject(rejection=Rejection.DUPLICATE, explanation="CA-1 has it"),
        Step.LINK_NONCONFORMITY: lambda: screening.LinkNonconformity(nonconformity_id=new_id()),
        Step.ASSIGN_TEAM: lambda: screening.AssignTeam(
            owner="anna", approver="quinn", team=(Member("bert", "engineer"),), reason="complete"
        ),
        Step.ASSESS_RISK: lambda: screening.AssessRisk(
            severity=Severity.CRITICAL, recurrence=Recurrence.FIRST, ratings=None, reason="worse"
        ),
        Step.START_CONTAINMENT: screening.StartContainment,
        Step.CONTAIN: lambda: analysing.Contain(needed=False, explanation="no stock is left"),
        Step.DESCRIBE_PROBLEM: lambda: analysing.DescribeProblem(problem=PROBLEM),
        Step.RECORD_CAUSE: lambda: analysing.RecordCause(
            kind=kind,
            nature=Nature.PROCEDURE,
            statement="nobody reviews the table",
            method=Method.FIVE_WHYS,
            analysis=(Node("1", None, "old table"), Node("2", "1", "no review")),
            evidence="change log",
        ),
        Step.VERIFY_CAUSE: lambda: analysing.VerifyCause(
            cause_id=untested, test="off and on", passed=passed, conclusion="it comes back"
        ),
        Step.ANSWER_SIMILAR: lambda: analysing.AnswerSimilar(
            found=False, links=(), explanation="no other table"
        ),
        Step.PLAN_EFFECTIVENESS: lambda: planning.PlanEffectiveness(plan=EFFECT_PLAN),
        Step.SUBMIT_PLAN: planning.SubmitPlan,
        Step.APPROVE_PLAN: lambda: planning.ApprovePlan(reason="", signature=PLEDGE),
        Step.REJECT_PLAN: lambda: planning.RejectPlan(reason="training alone will not hold"),
        Step.REPORT_IMPLEMENTED: lambda: carrying_out.ReportImplemented(evidence="all done"),
        Step.SEND_BACK: lambda: carrying_out.SendBack(reason="not in the calendar"),
        Step.VERIFY: lambda: carrying_out.Verify(
            statement="seen",
            adverse_effects=False,
            adverse_effects_explanation="lead time unchanged",
            containment_removed="there was none",
        ),
        Step.REVIEW_EFFECTIVENESS: lambda: judging.ReviewEffectiveness(
            events=WINDOW[result][0],
            exposure=WINDOW[result][1],
            same_cause=0,
            explanation="counted from all letters",
            signature=PLEDGE,
        ),
        Step.CLOSE: lambda: judging.Close(lessons=LESSONS, signature=PLEDGE),
        Step.REOPEN: lambda: judging.Reopen(reason="it came back"),
        Step.REQUEST_EXTENSION: lambda: pausing.RequestExtension(due_at=later, reason="supplier"),
        Step.DECIDE_EXTENSION: lambda: pausing.DecideExtension(granted=passed, reason="said so"),
        Step.HOLD: lambda: pausing.PutOnHoldNow(reason="the line stands still"),
        Step.RESUME: lambda: pausing.Resume(reason=""),
        Step.CANCEL: lambda: pausing.Cancel(reason="withdrawn", signature=PLEDGE),
    }
    return makers[step]()


def opened(actions: list[Action], facts: tuple[object, ...]) -> list[Action]:
    """The actions after a step, as the use case moves them."""
    if not any(isinstance(fact, PlanApproved) for fact in facts):
        return actions
    return [action_checks.open_planned(each)[0] if each.state is State.PLANNED else each for each in actions]


@dataclass
class Story:
    """A case that people bring forward, with its actions and the time."""

    case: Case = field(default_factory=a_request)
    actions: list[Action] = field(default_factory=list)
    now: datetime = MONDAY

    def around(self, by: str) -> Circumstances:
        return around(by, *self.actions, now=self.now)

    def take(self, step: Step, by: str = OWNER, **how: Any) -> None:
        """Take a step with good input."""
        taken = good(step, self.case, now=self.now, **how).take(self.case, self.around(by))
        self.case, self.actions = taken.case, opened(self.actions, taken.facts)

    def add_action(self) -> None:
        """Plan a corrective action against every confirmed cause."""
        self.actions.append(an_action(self.case, self.now))
        self.case = void_changed(self.case, self.actions, self.now)

    def do_actions(self) -> None:
        """Have every action done by one person and verified by another."""
        for nth, action in enumerate(self.actions):
            if action.state is State.OPEN:
                done, _ = action.complete(evidence="x", completed_at=None, now=self.now, by=DOER)
                self.actions[nth], _ = action_checks.verify(done, statement="seen", by=OTHER, now=self.now)

    def plan(self) -> None:
        """Investigate and submit the plan."""
        self.investigate()
        self.take(Step.SUBMIT_PLAN)

    def carry_out(self) -> None:
        """Do the actions and say so."""
        self.do_actions()
        self.take(Step.REPORT_IMPLEMENTED)

    def end(self) -> None:
        """Find it effective, and close."""
        self.take(Step.REVIEW_EFFECTIVENESS, APPROVER)
        self.take(Step.CLOSE, APPROVER)

    def wait(self) -> None:
        """Let the window of monitoring end."""
        assert self.case.monitoring_until is not None
        self.now = self.case.monitoring_until
        taken = end_monitoring(self.case, self.around("service:capa"))
        assert taken is not None
        self.case = taken.case

    def investigate(self) -> None:
        """Do everything that a plan needs."""
        self.take(Step.DESCRIBE_PROBLEM)
        for kind in CauseKind:
            self.take(Step.RECORD_CAUSE, kind=kind)
            self.take(Step.VERIFY_CAUSE)
        self.take(Step.ANSWER_SIMILAR)
        self.take(Step.PLAN_EFFECTIVENESS)
        self.add_action()


def brought_to(target: CaseState) -> Story:
    """A case that was brought to a state by the straight way."""
    story = Story()
    way: Mapping[CaseState, Callable[[], None]] = {
        CaseState.REQUESTED: lambda: story.take(Step.ACCEPT, OTHER),
        CaseState.ACCEPTED: lambda: story.take(Step.START_CONTAINMENT),
        CaseState.CONTAINMENT: lambda: story.take(Step.CONTAIN),
        CaseState.INVESTIGATING: story.plan,
        CaseState.PLAN_PENDING_APPROVAL: lambda: story.take(Step.APPROVE_PLAN, APPROVER),
        CaseState.IMPLEMENTING: story.carry_out,
        CaseState.VERIFYING: lambda: story.take(Step.VERIFY, OTHER),
        CaseState.MONITORING: story.wait,
        CaseState.EFFECTIVENESS_REVIEW: story.end,
    }
    while story.case.state is not target:
        way[story.case.state]()
    return story


STRAIGHT = (
    CaseState.REQUESTED,
    CaseState.ACCEPTED,
    CaseState.CONTAINMENT,
    CaseState.INVESTIGATING,
    CaseState.PLAN_PENDING_APPROVAL,
    CaseState.IMPLEMENTING,
    CaseState.VERIFYING,
    CaseState.MONITORING,
    CaseState.EFFECTIVENESS_REVIEW,
    CaseState.CLOSED_EFFECTIVE,
)
