"""Grants a later due time of a case's action, or refuses it."""

from dataclasses import dataclass
from datetime import datetime

from capa.domain import action_checks
from capa.domain.action import Action
from capa.domain.due import chosen
from capa.domain.facts import ExtensionDecided
from capa.domain.policy import TriagePolicy
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class DecideExtension:
    """Decides about an extension; a granted one starts a new deadline."""

    take_step: TakeStep
    policy: TriagePolicy

    async def __call__(self, target: Target, *, granted: bool, reason: str, cause: Cause) -> Action:
        """Decide about an extension, or raise the rule that refuses it."""
        by = str(cause.actor)

        def decide(action: Action, now: datetime) -> tuple[Action, ExtensionDecided]:
            asked = action.due.at if action.extension is None else action.extension.due_at
            due = chosen(self.policy.calendar, self.policy.version, now, asked)
            return action_checks.decide_extension(action, granted=granted, due=due, reason=reason, by=by)

        return await self.take_step(target, decide, cause)
