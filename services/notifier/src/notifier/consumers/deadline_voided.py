"""deadline.voided: it no longer has to be done."""

from dataclasses import dataclass

from events.contracts.deadline import DeadlineVoidedV1
from events.delivery import Delivery
from events.envelope import Event
from notifier.domain.deadline import State
from notifier.usecases.close_deadline import CloseDeadline


@dataclass(frozen=True, slots=True)
class OnDeadlineVoided:
    """Hands the event to the use case."""

    close_deadline: CloseDeadline

    async def __call__(self, event: Event[DeadlineVoidedV1], delivery: Delivery) -> None:
        """Silence the deadline."""
        data = event.data
        await self.close_deadline(
            (data.subject_id, data.clock),
            generation=data.generation,
            state=State.VOIDED,
            reason=data.reason,
            at=event.occurred_at,
            once=delivery,
        )
