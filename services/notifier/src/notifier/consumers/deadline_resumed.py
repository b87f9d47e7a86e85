"""deadline.resumed: its time runs on."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.refusals import Refusal
from events.contracts.deadline import DeadlineResumedV1
from events.delivery import Claim, Delivered
from events.failures import NeverWillWork
from notifier.usecases.hold_deadline import HoldDeadline, Resuming


@dataclass(frozen=True, slots=True)
class OnDeadlineResumed:
    """Hands the events to the use case."""

    hold_deadline: HoldDeadline

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Plan their timers anew; steps that cannot be computed make a dead letter."""
        try:
            return await self.hold_deadline([_hold(each) for each in delivered])
        except Refusal as refusal:
            raise NeverWillWork(refusal.code, refusal.detail) from refusal


def _hold(delivered: Delivered) -> Resuming:
    data: DeadlineResumedV1 = delivered.event.data
    return Resuming(
        key=(data.subject_id, data.clock),
        generation=data.generation,
        due_at=data.due_at,
        calendar=data.calendar,
        explanation=data.explanation,
        once=delivered.delivery,
    )
