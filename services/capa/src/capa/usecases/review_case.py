"""Reviews the effect of a case, and counts the complaints itself where the plan says so."""

from dataclasses import dataclass, replace

from capa.domain.case.case import Case, State
from capa.domain.case.command import Command
from capa.domain.case.judging import ReviewEffectiveness
from capa.domain.case.values import Counted, EffectPlan
from capa.usecases.case_reading import CaseRecords
from capa.usecases.cause import Cause
from capa.usecases.complaint_ledger import ComplaintLedger
from capa.usecases.give_action import CaseTarget
from capa.usecases.take_case_step import TakeCaseStep
from quality.indicators import Span


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """Counts before the transaction of the step begins, and holds the step to the version that it counted for."""

    cases: CaseRecords
    ledger: ComplaintLedger
    take_step: TakeCaseStep

    async def __call__(self, target: CaseTarget, command: Command, cause: Cause) -> Case:
        """Give the case after the review; refuses with ExposureMissing where days of the window have no units."""
        case = (await self.cases.case(target.case)).case
        case.expect(target.version)
        plan = case.effect_plan
        if (
            isinstance(command, ReviewEffectiveness)
            and case.state is State.EFFECTIVENESS_REVIEW
            and plan is not None
            and plan.source == "complaints"
        ):
            command = replace(command, counted=await self._counted(case, plan))
        # Not another version than the one that was looked at, whether something was counted for it or not.
        return await self.take_step(CaseTarget(case.id, case.version), command, cause)

    async def _counted(self, case: Case, plan: EffectPlan) -> Counted:
        if case.monitoring_from is None or case.monitoring_until is None:
            raise ValueError(f"{case.number} was never monitored")
        span = Span(case.monitoring_from, case.monitoring_until)
        return await self.ledger.counted(case.product, case.category, plan.exposure_unit, span)
