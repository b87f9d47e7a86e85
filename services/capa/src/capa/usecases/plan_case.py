"""Plans how the effect of a case is judged, and counts the complaints before the work itself where a span is named."""

from dataclasses import dataclass, replace

from capa.domain.case.case import Case
from capa.domain.case.command import Command
from capa.domain.case.planning import PlanEffectiveness, require_countable
from capa.usecases.case_reading import CaseRecords
from capa.usecases.cause import Cause
from capa.usecases.complaint_ledger import ComplaintLedger
from capa.usecases.give_action import CaseTarget
from capa.usecases.take_case_step import TakeCaseStep
from common.clock import Clock


@dataclass(frozen=True, slots=True)
class PlanCase:
    """Counts before the transaction of the step begins; product and category of a case never change."""

    cases: CaseRecords
    ledger: ComplaintLedger
    clock: Clock
    take_step: TakeCaseStep

    async def __call__(self, target: CaseTarget, command: Command, cause: Cause) -> Case:
        """Give the case with its plan.

        Refuses with PlanInvalid where the baseline cannot be counted, with ExposureMissing where days of it have no units.
        """
        if isinstance(command, PlanEffectiveness) and command.baseline is not None:
            require_countable(command.plan, command.baseline, self.clock())
            case = (await self.cases.case(target.case)).case
            counted = await self.ledger.counted(
                case.product, case.category, command.plan.exposure_unit, command.baseline
            )
            command = replace(command, counted=counted)
        return await self.take_step(target, command, cause)
