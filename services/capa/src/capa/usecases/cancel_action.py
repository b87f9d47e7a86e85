"""Cancels an action that is no longer needed."""

from dataclasses import dataclass

from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class CancelAction:
    """Cancels an action, and announces its deadline as void."""

    take_step: TakeStep

    async def __call__(self, target: Target, *, reason: str, cause: Cause) -> Action:
        """Cancel an action, or raise the rule that refuses it."""
        return await self.take_step(target, lambda action, now: action.cancel(reason=reason, now=now), cause)
