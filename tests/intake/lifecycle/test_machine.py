"""Every path through the lifecycle, of three complaints that may be each other's duplicates."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from common import history
from common.actor import Actor
from intake.domain.complaint import Complaint, Severity, State
from intake.domain.lifecycle import commands
from intake.domain.lifecycle.facts import Closed
from intake.domain.lifecycle.guards import Case, Seen, Situation, possible
from intake.domain.lifecycle.handling import UNTOUCHED, Handling
from intake.domain.lifecycle.records import read, written
from intake.domain.lifecycle.refusals import StepRefused
from intake.domain.lifecycle.steps import RULES
from intake.domain.lifecycle.taking import AnyCommand, Taken, take
from intake.domain.lifecycle.tracing import fact_of, trace_step, versions
from intake.domain.lifecycle.words import Obstacle, Reportability, Step
from intake.domain.trail import Trace, first_break, trace_receipt
from tests.intake.lifecycle.examples import (
    ANNA,
    BERT,
    POLICY,
    QUINN,
    a_complaint,
    a_good,
    an_assessment,
    another,
)
from tests.intake.world import NOON

PEOPLE = st.sampled_from([ANNA, BERT, QUINN])
ANSWERED = st.sampled_from([Reportability.YES, Reportability.NO])
WHICH = st.sampled_from([1, 2, 3])
TOWARDS_THE_END = (
    Step.ASSESS,
    Step.ASSIGN,
    Step.START_INVESTIGATION,
    Step.RESPOND,
    Step.CUSTOMER_ACCEPTS,
    Step.FILE_REPORT,
    Step.CLOSE,
)


@dataclass
class Standing:
    """A complaint, what was done about it, and its history."""

    complaint: Complaint
    traces: list[Trace]
    handling: Handling = UNTOUCHED
    seen: Seen = field(default_factory=Seen)
    steps: int = 0


class Lifecycle(RuleBasedStateMachine):
    """Takes any step at any time, and lets time pass and triage decide."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.all = {
            number: Standing(a_complaint(number), [trace_receipt(a_complaint(number), actor=ANNA)])
            for number in (1, 2, 3)
        }

    def case(self, number: int) -> Case:
        standing = self.all[number]
        return Case(
            complaint=standing.complaint,
            handling=standing.handling,
            seen=standing.seen,
            has_duplicates=any(
                each.handling.master_id == standing.complaint.id for each in self.all.values()
            ),
        )

    def situation(self, actor: Actor) -> Situation:
        return Situation(actor=actor, now=self.now, policy=POLICY)

    def attempt(
        self, number: int, command: AnyCommand, actor: Actor, master: int | None = None
    ) -> Taken | None:
        case, other = self.case(number), None
        if master is not None:
            other = another(self.all[master].complaint, self.all[master].handling)
        try:
            return take(command, case, self.situation(actor), other=other)
        except StepRefused as refusal:
            refused = refusal
        assert refused.hindrances
        rule = RULES[command.step]
        assert {each.code for each in refused.hindrances} <= {Obstacle.STATE, Obstacle.SCOPE, *rule.needs}
        assert all(each.detail and each.fix for each in refused.hindrances)
        assert refused.allowed == possible(case, self.situation(actor))
        return None

    def keep(self, number: int, step: Step, taken: Taken, actor: Actor) -> None:
        standing = self.all[number]
        assert taken.complaint.version == standing.complaint.version + 1
        assert isinstance(taken.facts[0], RULES[step].fact)
        assert taken.complaint.state in RULES[step].leads_to | {standing.complaint.state}
        trace = trace_step(taken, last=standing.traces[-1].entry, actor=actor, now=self.now)
        assert fact_of(trace.entry) == taken.facts[0]
        assert read(Handling, written(taken.handling)) == taken.handling
        self.all[number] = replace(
            standing,
            complaint=taken.complaint,
            handling=taken.handling,
            traces=[*standing.traces, trace],
            steps=standing.steps + 1,
        )
        self.now += timedelta(minutes=1)  # nobody tries to reach a customer twice at one instant

    @rule(number=WHICH, step=st.sampled_from(sorted(set(Step) - {Step.LINK, Step.ASSESS})), actor=PEOPLE)
    def any_step_is_taken_if_it_is_said_to_be_possible_and_refused_if_not(
        self, number: int, step: Step, actor: Actor
    ) -> None:
        case = self.case(number)
        said = step in possible(case, self.situation(actor))
        taken = self.attempt(number, a_good(step, case), actor)
        assert (taken is not None) == said
        if taken is not None:
            self.keep(number, step, taken, actor)
            if isinstance(taken.facts[0], Closed):
                self.closed_well(number, actor)

    @rule(number=WHICH, actor=PEOPLE, severity=st.sampled_from(Severity), reportability=ANSWERED)
    def it_gets_as_far_as_it_can(
        self, number: int, actor: Actor, severity: Severity, reportability: Reportability
    ) -> None:
        # Chance alone hardly ever comes to the end of a path.
        for step in TOWARDS_THE_END:
            case = self.case(number)
            if step in possible(case, self.situation(actor)):
                command = a_good(step, case)
                if step is Step.ASSESS:
                    command = an_assessment(severity=severity, reportability=reportability)
                taken = self.attempt(number, command, actor)
                assert taken is not None
                self.keep(number, step, taken, actor)
                if isinstance(taken.facts[0], Closed):
                    self.closed_well(number, actor)

    def closed_well(self, number: int, actor: Actor) -> None:
        assessment = self.all[number].handling.assessment
        assert assessment is not None
        assert assessment.reportability in {Reportability.YES, Reportability.NO}
        assert not self.all[number].handling.reports_missing
        assert self.all[number].seen.triaged
        assert self.all[number].seen.nonconformity_state != "open"
        if assessment.severity is not Severity.MINOR:
            assert actor.id not in self.all[number].handling.investigators
            assert actor.id != self.all[number].handling.owner

    @rule(
        number=WHICH,
        actor=PEOPLE,
        severity=st.sampled_from(Severity),
        reportability=st.sampled_from(Reportability),
    )
    def it_is_assessed(
        self, number: int, actor: Actor, severity: Severity, reportability: Reportability
    ) -> None:
        said = Step.ASSESS in possible(self.case(number), self.situation(actor))
        command = an_assessment(severity=severity, reportability=reportability)
        taken = self.attempt(number, command, actor)
        assert (taken is not None) == said
        if taken is not None:
            self.keep(number, Step.ASSESS, taken, actor)

    @rule(number=WHICH, master=WHICH)
    def it_is_linked(self, number: int, master: int) -> None:
        case, target = self.case(number), self.all[master].complaint
        fits = (
            Step.LINK in possible(case, self.situation(ANNA))
            and number != master
            and target.state not in {State.LINKED, State.NOT_A_COMPLAINT, State.WITHDRAWN}
        )
        taken = self.attempt(number, commands.Link(master=target.number), ANNA, master)
        assert (taken is not None) == fits
        if taken is not None:
            self.keep(number, Step.LINK, taken, ANNA)

    @rule(days=st.integers(1, 30))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(number=WHICH, state=st.sampled_from([None, "open", "closed"]))
    def triage_decides(self, number: int, state: str | None) -> None:
        self.all[number].seen = Seen(
            triaged=True, nonconformity=None if state is None else "NC-1", nonconformity_state=state
        )

    @precondition(lambda self: any(each.complaint.state is State.CLOSED for each in self.all.values()))
    @rule()
    def what_is_closed_takes_no_step_but_reports_and_a_new_run(self) -> None:
        for number, standing in self.all.items():
            if standing.complaint.state is State.CLOSED:
                steps = set(possible(self.case(number), self.situation(ANNA)))
                assert steps <= {Step.REOPEN, Step.FILE_REPORT}
                assert Step.REOPEN in steps

    @invariant()
    def there_are_no_chains_of_duplicates(self) -> None:
        linked = [each for each in self.all.values() if each.complaint.state is State.LINKED]
        masters = {each.handling.master_id for each in linked}
        assert None not in masters
        assert masters.isdisjoint(each.complaint.id for each in linked)

    @invariant()
    def a_duplicate_keeps_its_acknowledgement_and_its_reply(self) -> None:
        for number, standing in self.all.items():
            if standing.complaint.state is State.LINKED:
                steps = possible(self.case(number), self.situation(ANNA))
                assert (Step.ACKNOWLEDGE in steps) == (standing.handling.acknowledged_at is None)
                assert (Step.RESPOND in steps) == (standing.handling.response is None)

    @invariant()
    def nothing_that_ended_waits_for_the_customer(self) -> None:
        for each in self.all.values():
            if each.complaint.state in {State.CLOSED, State.REFERRED, State.WITHDRAWN, State.NOT_A_COMPLAINT}:
                assert each.handling.waiting_since is None

    @override
    def teardown(self) -> None:
        for each in self.all.values():
            assert first_break(each.traces) is None
            entries: list[history.Entry] = [trace.entry for trace in each.traces]
            assert versions(entries)[-1] == each.complaint.version == each.steps + 1


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=30, stateful_step_count=30, deadline=None, database=None)
