"""Confirms that an action was done, by somebody other than whoever did it."""

from dataclasses import dataclass

from capa.domain import action_checks
from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class VerifyAction:
    """Confirms a completed action."""

    take_step: TakeStep

    async def __call__(self, target: Target, *, statement: str, cause: Cause) -> Action:
        """Verify an action, or raise the rule that refuses it."""
        by = str(cause.actor)
        return await self.take_step(
            target,
            lambda action, now: action_checks.verify(action, statement=statement, by=by, now=now),
            cause,
        )
