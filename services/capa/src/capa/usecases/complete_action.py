"""Completes an action on evidence."""

from dataclasses import dataclass
from datetime import datetime

from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class CompleteAction:
    """Completes an action, and announces its deadline as met, early or late."""

    take_step: TakeStep

    async def __call__(
        self, target: Target, *, evidence: str, completed_at: datetime | None, cause: Cause
    ) -> Action:
        """Complete an action, or raise the rule that refuses it."""
        return await self.take_step(
            target,
            lambda action, now: action.complete(
                evidence=evidence, completed_at=completed_at, now=now, by=str(cause.actor)
            ),
            cause,
        )
