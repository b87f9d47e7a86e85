"""Writes down what an action cost."""

from dataclasses import dataclass
from decimal import Decimal

from capa.domain import action_checks
from capa.domain.action import Action
from capa.usecases.cause import Cause
from capa.usecases.step import TakeStep, Target


@dataclass(frozen=True, slots=True)
class RecordCost:
    """Writes down the cost of an action; nobody is told."""

    take_step: TakeStep

    async def __call__(
        self, target: Target, *, amount: Decimal, currency: str, note: str, cause: Cause
    ) -> Action:
        """Record a cost, or raise the rule that refuses it."""
        return await self.take_step(
            target,
            lambda action, _: action_checks.record_cost(action, amount=amount, currency=currency, note=note),
            cause,
        )
