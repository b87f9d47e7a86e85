"""From causes to work: plan how the effect is judged, submit the plan, approve or reject it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final

from typing_extensions import override

from capa.domain.action import State as ActionState
from capa.domain.case.case import Case, State, Step
from capa.domain.case.command import Command, SignedCommand, Taken, given
from capa.domain.case.facts import Noted, PlanApproved
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import DAYS, Counted, CountedBaseline, Covers, EffectPlan
from capa.domain.errors import PlanInvalid
from capa.domain.signals.exposure import Unit
from common.refusals import FieldError
from quality.indicators import Span

_LARGEST_SIGNIFICANCE: Final = 0.5
"""From here on chance would show anything."""

_COUNTED_AGAINST: Final = frozenset({DAYS, *Unit})
"""What complaints can be counted against without anybody saying how much of it there was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEffectiveness(Command):
    """Fix how the effect will be judged, before the work begins; a later plan replaces an earlier one.

    Where a span before the work is named as the `baseline`, the complaints on record in it are counted, and take the place
    of the plan's own baseline.
    """

    step: ClassVar[Step] = Step.PLAN_EFFECTIVENESS

    plan: EffectPlan
    baseline: Span | None = None
    counted: Counted | None = None

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        baseline = None if self.baseline is None else self._baseline(self.baseline, case, around)
        plan = (
            self.plan
            if baseline is None
            else replace(self.plan, baseline_events=baseline.events, baseline_exposure=baseline.exposure)
        )
        given(plan.metric, "/plan/metric")
        for field, wrong in (
            ("baseline_exposure", plan.baseline_exposure <= 0),
            ("baseline_events", plan.baseline_events < 0),
            ("reduction", not 0 < plan.reduction < 1),
            ("significance", not 0 < plan.significance < _LARGEST_SIGNIFICANCE),
            ("window_days", plan.window_days < 1),
            ("start_delay_days", plan.start_delay_days < 0),
            ("exposure_unit", plan.source == "complaints" and plan.exposure_unit not in _COUNTED_AGAINST),
        ):
            if wrong:
                raise PlanInvalid(
                    f"The plan's {field} is out of range.",
                    FieldError(f"/plan/{field}", "plan_invalid", "Out of range.", "correct it"),
                )
        return Taken(replace(case, effect_plan=plan, baseline=baseline), (Noted(),))

    def _baseline(self, span: Span, case: Case, around: Circumstances) -> CountedBaseline:
        if self.counted is None:
            raise ValueError("the complaints of the baseline were not counted")
        unit = self.plan.exposure_unit
        exposure = (
            "days"
            if unit == DAYS
            else f"units ({unit}) as reported, a figure's units spread evenly over its days"
        )
        return CountedBaseline(
            begins_at=span.begins_at,
            ends_at=span.ends_at,
            events=self.counted.events,
            exposure=self.counted.exposure,
            counted_at=around.now,
            explanation=(
                f"Counted from the records on {around.now:%Y-%m-%d %H:%M} UTC: {self.counted.events} complaints about "
                f"{case.product} / {case.category} received from {span.begins_at:%Y-%m-%d %H:%M} to "
                f"{span.ends_at:%Y-%m-%d %H:%M} UTC, without those found to be none and without duplicates, against "
                f"{self.counted.exposure:g} {exposure}."
            ),
        )


def require_countable(plan: EffectPlan, baseline: Span, now: datetime) -> None:
    """Refuse with PlanInvalid a baseline that cannot be counted from the complaints on record."""
    for pointer, wrong, detail, fix in (
        (
            "/plan/source",
            plan.source != "complaints",
            "A baseline is counted only where the window is counted so too.",
            "send complaints as the source, or send the counts yourself",
        ),
        (
            "/plan/exposure_unit",
            plan.exposure_unit not in _COUNTED_AGAINST,
            "Complaints are counted against days, shipped, sold or in_use.",
            "send one of these",
        ),
        (
            "/baseline/ends_at",
            baseline.ends_at > now,
            "The baseline is not over yet.",
            "send an end that has passed",
        ),
        (
            "/baseline/ends_at",
            baseline.ends_at <= baseline.begins_at,
            "The baseline ends before it begins.",
            "send a later end",
        ),
    ):
        if wrong:
            raise PlanInvalid(
                f"{detail} {fix.capitalize()}.", FieldError(pointer, PlanInvalid.code, detail, fix)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitPlan(Command):
    """Ask the approver for the signature."""

    step: ClassVar[Step] = Step.SUBMIT_PLAN

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        return Taken(replace(case, state=State.PLAN_PENDING_APPROVAL), (Noted(),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovePlan(SignedCommand):
    """Sign the plan: its actions begin. A change of the plan during the work voids the signature and wants a new one."""

    step: ClassVar[Step] = Step.APPROVE_PLAN
    covers: ClassVar[Covers] = "plan"
    meaning: ClassVar[str] = "approval"

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        approved = replace(
            case,
            state=State.IMPLEMENTING,
            plan_approved_at=around.now,
            approved_actions=sum(each.state is not ActionState.CANCELLED for each in around.actions),
        )
        return Taken(approved, (PlanApproved(),), self.reason.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectPlan(Command):
    """Send a plan back to the investigation."""

    step: ClassVar[Step] = Step.REJECT_PLAN

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.reason, "/reason")
        return Taken(replace(case, state=State.INVESTIGATING), (Noted(),), why)
