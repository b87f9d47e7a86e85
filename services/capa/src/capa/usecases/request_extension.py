"""Asks for a later due time of a case's action."""

from dataclasses import dataclass
from datetime import datetime

from capa.domain import action_checks
from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class RequestExtension:
    """Asks for a later due time, which another person decides about."""

    take_step: TakeStep

    async def __call__(self, target: Target, *, due_at: datetime, reason: str, cause: Cause) -> Action:
        """Request an extension, or raise the rule that refuses it."""
        by = str(cause.actor)
        return await self.take_step(
            target,
            lambda action, now: action_checks.request_extension(
                action, due_at=due_at, reason=reason, by=by, now=now
            ),
            cause,
        )
