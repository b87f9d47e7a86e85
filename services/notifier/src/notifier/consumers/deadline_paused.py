"""deadline.paused: its time stands still."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.contracts.deadline import DeadlinePausedV1
from events.delivery import Claim, Delivered
from notifier.usecases.hold_deadline import HoldDeadline, Pausing


@dataclass(frozen=True, slots=True)
class OnDeadlinePaused:
    """Hands the events to the use case."""

    hold_deadline: HoldDeadline

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Silence the deadlines until they are resumed."""
        return await self.hold_deadline([_hold(each) for each in delivered])


def _hold(delivered: Delivered) -> Pausing:
    data: DeadlinePausedV1 = delivered.event.data
    return Pausing(
        key=(data.subject_id, data.clock),
        generation=data.generation,
        once=delivered.delivery,
    )
