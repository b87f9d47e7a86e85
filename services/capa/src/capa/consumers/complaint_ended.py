"""Notes that complaints end without an answer of their own, and that they are taken up again."""

from dataclasses import dataclass
from typing import Literal

from capa.consumers.cause import because_of
from capa.consumers.handling import step_of
from capa.usecases.note_ending import NoteEnding
from capa.usecases.ports import Ending
from events.contracts.lifecycle import (
    ComplaintLinkedV1,
    ComplaintRejectedV1,
    ComplaintReopenedV1,
    ComplaintWithdrawnV1,
)
from events.delivery import Delivery
from events.envelope import Event

Told = ComplaintRejectedV1 | ComplaintWithdrawnV1 | ComplaintLinkedV1 | ComplaintReopenedV1


@dataclass(frozen=True, slots=True)
class OnComplaintEnded:
    """Handles `complaint.rejected`, `.withdrawn`, `.linked` and `.reopened`."""

    note: NoteEnding

    async def __call__(self, event: Event[Told], delivery: Delivery) -> None:
        """Note it once."""
        ending = Ending(event.data.complaint_id, event.version, _ended(event.data), step_of(event))
        await self.note(ending, because_of(event), delivery)


def _ended(told: Told) -> Literal["rejected", "withdrawn", "linked"] | None:
    match told:
        case ComplaintRejectedV1():
            return "rejected"
        case ComplaintWithdrawnV1():
            return "withdrawn"
        case ComplaintLinkedV1():
            return "linked"
        case ComplaintReopenedV1():
            return None
