"""deadline.voided: it no longer has to be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.contracts.deadline import DeadlineVoidedV1
from events.delivery import Claim, Delivered
from notifier.domain.deadline import State
from notifier.usecases.close_deadline import CloseDeadline, Closing


@dataclass(frozen=True, slots=True)
class OnDeadlineVoided:
    """Hands the events to the use case."""

    close_deadline: CloseDeadline

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Silence the deadlines."""
        return await self.close_deadline([_closing(each) for each in delivered])


def _closing(delivered: Delivered) -> Closing:
    data: DeadlineVoidedV1 = delivered.event.data
    return Closing(
        key=(data.subject_id, data.clock),
        generation=data.generation,
        state=State.VOIDED,
        reason=data.reason,
        at=delivered.event.occurred_at,
        once=delivered.delivery,
    )
