"""Gives an action to another owner or team."""

from dataclasses import dataclass

from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class ReassignAction:
    """Gives an action to another owner or team. A new deadline is announced for the new owner."""

    take_step: TakeStep

    async def __call__(
        self, target: Target, *, owner: str, team: str | None, reason: str, cause: Cause
    ) -> Action:
        """Reassign an action, or raise the rule that refuses it."""
        return await self.take_step(
            target, lambda action, _: action.reassign(owner=owner, team=team, reason=reason), cause
        )
