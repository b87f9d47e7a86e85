"""Opens a completed action again, since its evidence does not show that it was done."""

from dataclasses import dataclass

from capa.domain import action_checks
from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class RejectEvidence:
    """Opens a completed action again. A new deadline is announced for its owner."""

    take_step: TakeStep

    async def __call__(self, target: Target, *, reason: str, cause: Cause) -> Action:
        """Reject the evidence, or raise the rule that refuses it."""
        by = str(cause.actor)
        return await self.take_step(
            target, lambda action, _: action_checks.reject_evidence(action, reason=reason, by=by), cause
        )
