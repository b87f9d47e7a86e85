"""From the effect to the end: review it, close, and open again what came back."""

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import ClassVar, assert_never

from typing_extensions import override

from capa.domain.case.case import Case, State, Step
from capa.domain.case.command import Command, SignedCommand, Taken, given
from capa.domain.case.facts import CaseFact, Closed, EffectDecided, MonitoringStarted, Reopened
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import Counted, Covers, EffectPlan, Lessons, Result, Review
from capa.domain.due import counted
from capa.domain.errors import PlanInvalid
from capa.domain.risk import Clock
from common.refusals import FieldError
from quality.effectiveness import Observed, Plan, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEffectiveness(SignedCommand):
    """Judge by what was counted in the window, with the test that the plan fixed, whether the actions were effective.

    Effective lets the case be closed. Ineffective opens a new round of investigation. Inconclusive extends the window once,
    by its own length, and opens a new round the second time.
    """

    step: ClassVar[Step] = Step.REVIEW_EFFECTIVENESS
    covers: ClassVar[Covers] = "effectiveness"
    meaning: ClassVar[str] = "review"

    events: int | None
    exposure: float | None
    same_cause: int
    explanation: str
    counted: Counted | None = None

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        judged = self._judged(case, around)
        review = judged.review
        if review is None or case.effect_plan is None:
            raise ValueError(f"{case.number} has no plan for the effect")
        facts: tuple[CaseFact, ...] = (EffectDecided(case.cycle),)
        match review.result:
            case Result.EFFECTIVE:
                return Taken(judged, facts, review.explanation)
            case Result.INEFFECTIVE:
                return Taken(next_round(judged, around), facts, review.explanation)
            case Result.INCONCLUSIVE:
                if case.window_extended:
                    return Taken(next_round(judged, around), facts, review.explanation)
                longer = replace(
                    judged,
                    state=State.MONITORING,
                    window_extended=True,
                    monitoring_until=around.now + timedelta(days=case.effect_plan.window_days),
                )
                return Taken(longer, (*facts, MonitoringStarted()), review.explanation)
            case never:
                assert_never(never)

    @override
    def _signed_part(self, before: Case, after: Case) -> Case:
        # The review belongs to the round that it judged, also where it opened the next one.
        return replace(before, reviews=after.reviews)

    def _judged(self, case: Case, around: Circumstances) -> Case:
        if case.effect_plan is None:
            raise ValueError(f"{case.number} has no plan for the effect")
        plan = case.effect_plan
        found = self._found(plan)
        decided = decide(
            Plan(
                baseline=plan.baseline_events,
                baseline_exposure=plan.baseline_exposure,
                reduction=plan.reduction,
                alpha=plan.significance,
            ),
            Observed(count=found.events, exposure=found.exposure, same_cause=self.same_cause),
        )
        review = Review(
            result=Result(decided.result.value),
            baseline_events=case.effect_plan.baseline_events,
            baseline_exposure=case.effect_plan.baseline_exposure,
            events=found.events,
            exposure=found.exposure,
            same_cause=self.same_cause,
            p_value=decided.p_value,
            reckoning=tuple(step.text for step in decided.steps),
            explanation=given(self.explanation, "/explanation"),
            cycle=case.cycle,
            reviewed_by=around.by,
            reviewed_at=around.now,
            source=plan.source,
        )
        return replace(case, reviews=(*case.reviews, review))

    def _found(self, plan: EffectPlan) -> Counted:
        if plan.source == "complaints":
            if self.events is not None or self.exposure is not None:
                pointer = "/events" if self.events is not None else "/exposure"
                raise _misfit(pointer, "The plan has complaints counted.", "leave events and exposure out")
            if self.counted is None:
                raise ValueError("the complaints of the window were not counted")
            return self.counted
        if self.events is None or self.exposure is None:
            pointer = "/events" if self.events is None else "/exposure"
            raise _misfit(pointer, "The plan has the counts reported.", "send events and exposure")
        return Counted(self.events, self.exposure)


def _misfit(pointer: str, detail: str, fix: str) -> PlanInvalid:
    return PlanInvalid(f"{detail} {fix.capitalize()}.", FieldError(pointer, PlanInvalid.code, detail, fix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(SignedCommand):
    """Close an effective case, with what prevents the same elsewhere."""

    step: ClassVar[Step] = Step.CLOSE
    covers: ClassVar[Covers] = "closure"
    meaning: ClassVar[str] = "closure"

    lessons: Lessons

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        for field in fields(Lessons):
            given(getattr(self.lessons, field.name), f"/lessons/{field.name}")
        closed = replace(case, state=State.CLOSED_EFFECTIVE, lessons=self.lessons, closed_at=around.now)
        return Taken(closed, (Closed(),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """Open a closed case again, since the trouble came back: a new round of investigation begins."""

    step: ClassVar[Step] = Step.REOPEN

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.reason, "/reason")
        opened = replace(next_round(case, around), lessons=None, closed_at=None)
        return Taken(opened, (Reopened(why),), why)


def next_round(case: Case, around: Circumstances) -> Case:
    """Begin a new round: causes, plan, work and check are asked for anew; what the rounds before found stays on record.

    The due time is counted anew, since the old one ended with the work of the round before; the original one is kept.
    """
    term = around.policy.term(Clock.COMPLETE, case.risk)
    due = (
        case.due if term is None else counted(around.policy.calendar, around.policy.version, around.now, term)
    )
    return replace(
        case,
        state=State.INVESTIGATING,
        cycle=case.cycle + 1,
        due=due,
        similar=None,
        effect_plan=None,
        baseline=None,
        plan_approved_at=None,
        implemented_at=None,
        verification=None,
        monitoring_from=None,
        monitoring_until=None,
        window_extended=False,
    )
