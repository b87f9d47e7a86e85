"""Every path of a case: whatever people do in whatever order, some things never happen."""

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from capa.domain import action_checks
from capa.domain.action import Action
from capa.domain.action import State as ActionState
from capa.domain.blockers import allowed
from capa.domain.case.carrying_out import end_monitoring
from capa.domain.case.case import POSSIBLE_IN, State, Step
from capa.domain.case.guards import blocked
from capa.domain.case.signing import document, hash_of, void_changed
from capa.domain.case.values import CauseKind, Result
from capa.domain.errors import StepNotPossible
from tests.capa.cases import OTHER, PEOPLE, STRAIGHT, a_request, an_action, around, brought_to, good, opened
from tests.capa.world import MONDAY

# An action is added by a use case of its own.
STEPS = [step for step in Step if step is not Step.ADD_ACTION]
FORWARD = [
    step
    for step in STEPS
    if step not in {Step.REJECT, Step.CANCEL, Step.HOLD, Step.REJECT_PLAN, Step.SEND_BACK}
]


class Paths(RuleBasedStateMachine):
    """One case in the hands of four people."""

    def __init__(self) -> None:
        super().__init__()
        self.case = a_request()
        self.actions: list[Action] = []
        self.now: datetime = MONDAY
        self.original: datetime | None = None

    def attempt(self, step: Step, by: str, *, kind: CauseKind, passed: bool, result: Result) -> None:
        here = around(by, *self.actions, now=self.now)
        command = good(step, self.case, now=self.now, kind=kind, passed=passed, result=result)
        if step not in allowed(blocked(self.case, here)):
            with pytest.raises(StepNotPossible) as refusal:
                command.take(self.case, here)
            assert refusal.value.errors, (step, by, self.case.state)
            return
        taken = command.take(self.case, here)
        assert taken.case.version == self.case.version + 1
        self.case, self.actions = taken.case, opened(self.actions, taken.facts)

    @initialize(state=st.sampled_from(STRAIGHT))
    def it_was_brought_somewhere(self, state: State) -> None:
        story = brought_to(state)
        self.case, self.actions, self.now = story.case, story.actions, story.now

    @rule(
        step=st.sampled_from(STEPS),
        by=st.sampled_from(PEOPLE),
        kind=st.sampled_from(CauseKind),
        passed=st.booleans(),
        result=st.sampled_from(Result),
    )
    def anybody_tries_anything(
        self, *, step: Step, by: str, kind: CauseKind, passed: bool, result: Result
    ) -> None:
        self.attempt(step, by, kind=kind, passed=passed, result=result)

    @rule(data=st.data(), kind=st.sampled_from(CauseKind), result=st.sampled_from(Result))
    def work_goes_on(self, data: st.DataObject, kind: CauseKind, result: Result) -> None:
        able = [
            (step, by)
            for by in PEOPLE
            for step in allowed(blocked(self.case, around(by, *self.actions, now=self.now)))
            if step in FORWARD
        ]
        if able:
            step, by = data.draw(st.sampled_from(able))
            self.attempt(step, by, kind=kind, passed=True, result=result)

    @precondition(lambda self: self.case.state in POSSIBLE_IN[Step.ADD_ACTION] and len(self.actions) < 4)
    @rule()
    def an_action_is_added(self) -> None:
        self.actions.append(an_action(self.case, self.now))
        self.case = void_changed(self.case, self.actions, self.now)

    @precondition(lambda self: bool(self.actions))
    @rule(data=st.data())
    def an_action_moves(self, data: st.DataObject) -> None:
        nth = data.draw(st.integers(0, len(self.actions) - 1))
        action = self.actions[nth]
        match action.state:
            case ActionState.OPEN:
                moved = action.complete(evidence="x", completed_at=None, now=self.now, by="person:bert")[0]
            case ActionState.COMPLETED:
                moved = action_checks.verify(action, statement="seen", by=OTHER, now=self.now)[0]
            case _:
                return
        self.actions[nth] = moved

    @rule(days=st.integers(1, 100))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        taken = end_monitoring(self.case, around("service:capa", *self.actions, now=self.now))
        if taken is not None:
            assert self.case.monitoring_until is not None
            assert self.case.monitoring_until <= self.now
            self.case = taken.case

    @invariant()
    def only_what_is_effective_is_closed(self) -> None:
        if self.case.state is State.CLOSED_EFFECTIVE:
            assert self.case.is_effective
            assert self.case.reviews[-1].result is Result.EFFECTIVE

    @invariant()
    def the_approver_is_never_the_owner(self) -> None:
        assert self.case.owner is None or self.case.owner != self.case.approver

    @invariant()
    def the_original_due_time_never_changes(self) -> None:
        self.original = self.original or self.case.original_due_at
        assert self.case.original_due_at == self.original

    @invariant()
    def a_signature_that_holds_is_of_the_state_as_it_is(self) -> None:
        for covers in ("plan", "effectiveness", "closure"):
            signature = self.case.signed(covers)
            if signature is not None:
                assert signature.state_hash == hash_of(document(self.case, self.actions, covers))

    @invariant()
    def every_clock_runs_once_and_none_after_the_end(self) -> None:
        clocks = [each.clock for each in self.case.deadlines]
        assert len(clocks) == len(set(clocks))
        if self.case.state in {State.CLOSED_EFFECTIVE, State.CANCELLED, State.REJECTED, State.ON_HOLD}:
            assert not clocks


Paths.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPaths = Paths.TestCase
