"""deadline.met: what had to be done was done."""

from dataclasses import dataclass

from events.contracts.deadline import DeadlineMetV1
from events.delivery import Delivery
from events.envelope import Event
from notifier.domain.deadline import State
from notifier.usecases.close_deadline import CloseDeadline


@dataclass(frozen=True, slots=True)
class OnDeadlineMet:
    """Hands the event to the use case."""

    close_deadline: CloseDeadline

    async def __call__(self, event: Event[DeadlineMetV1], delivery: Delivery) -> None:
        """Silence the deadline."""
        data = event.data
        await self.close_deadline(
            (data.subject_id, data.clock),
            generation=data.generation,
            state=State.MET,
            reason=str(data.punctuality),
            at=data.met_at,
            once=delivery,
        )
