"""Moves the instant by which an action must be done."""

from dataclasses import dataclass
from datetime import datetime

from capa.domain.action import Action
from capa.domain.facts import DueChanged
from capa.domain.policy import TriagePolicy
from capa.usecases.cause import Cause
from capa.usecases.due_given import due_given
from capa.usecases.step import TakeStep, Target
from worktime.durations import Duration


@dataclass(frozen=True, slots=True)
class ChangeDue:
    """Moves an action's due instant to a chosen one, or to a duration counted from now in the policy's calendar."""

    take_step: TakeStep
    policy: TriagePolicy

    async def __call__(
        self, target: Target, *, due: datetime | Duration, reason: str, cause: Cause
    ) -> Action:
        """Move the due instant, or raise the rule that refuses it."""

        def move(action: Action, now: datetime) -> tuple[Action, DueChanged]:
            return action.change_due(due_given(self.policy, due, now), reason=reason, now=now)

        return await self.take_step(target, move, cause)
