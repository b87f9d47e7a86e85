"""From work to its effect: report, send back, verify, and the end of monitoring."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from capa.domain.case.case import Case, State, Step
from capa.domain.case.command import Command, Taken, given, over, settled
from capa.domain.case.facts import Implemented, MonitoringStarted, Noted, Verified
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportImplemented(Command):
    """Say that every action of the plan is done."""

    step: ClassVar[Step] = Step.REPORT_IMPLEMENTED

    evidence: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        evidence = given(self.evidence, "/evidence")
        done = replace(case, state=State.VERIFYING, implemented_at=around.now)
        return Taken(done, (Implemented(),), evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBack(Command):
    """Say that the plan was not carried out: the work goes on."""

    step: ClassVar[Step] = Step.SEND_BACK

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.reason, "/reason")
        return Taken(replace(case, state=State.IMPLEMENTING, implemented_at=None), (Noted(),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify(Command):
    """Confirm that the plan was carried out, what else it did, and that containment was taken away; monitoring begins."""

    step: ClassVar[Step] = Step.VERIFY

    statement: str
    adverse_effects: bool
    adverse_effects_explanation: str
    containment_removed: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        if case.effect_plan is None:
            raise ValueError(f"{case.number} has a signed plan without a plan for the effect")
        statement = given(self.statement, "/statement")
        verification = Verification(
            statement,
            self.adverse_effects,
            given(self.adverse_effects_explanation, "/adverse_effects_explanation"),
            given(self.containment_removed, "/containment_removed"),
            around.by,
            around.now,
        )
        begins = around.now + timedelta(days=case.effect_plan.start_delay_days)
        monitored = replace(
            case,
            state=State.MONITORING,
            verification=verification,
            monitoring_from=begins,
            monitoring_until=begins + timedelta(days=case.effect_plan.window_days),
            extension=None,
        )
        return Taken(monitored, (Verified(), MonitoringStarted()), statement)


def end_monitoring(case: Case, around: Circumstances) -> Taken | None:
    """Ask for the review once the window has ended; None where it has not, or the case is not monitored any more."""
    if case.state is not State.MONITORING or not over(case, around.now):
        return None
    ended = replace(case, state=State.EFFECTIVENESS_REVIEW)
    return settled(case, Taken(ended, (Noted(),), "the window has ended"), around)
