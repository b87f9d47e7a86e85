"""Gives an action that only a team has its first owner."""

from dataclasses import dataclass

from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class AssignAction:
    """Gives an action that only a team has its first owner. A new deadline is announced for the new owner."""

    take_step: TakeStep

    async def __call__(
        self, target: Target, *, owner: str, team: str | None, reason: str, cause: Cause
    ) -> Action:
        """Assign an action, or raise the rule that refuses it."""
        return await self.take_step(
            target, lambda action, _: action.assign(owner=owner, team=team, reason=reason), cause
        )
