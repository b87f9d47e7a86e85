"""Notes that a complaint ended without an answer of its own, or was taken up again."""

from dataclasses import dataclass

from capa.domain.facts import ComplaintNoted
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.ports import Ending, StartWork
from common.clock import Clock
from events.delivery import Delivery


@dataclass(frozen=True, slots=True)
class NoteEnding:
    """Keeps it with the complaint and in the history of the nonconformity that it belongs to.

    The complaint stays linked, what was begun goes on, and no new action comes of it as long as it has ended.
    """

    start_work: StartWork
    clock: Clock

    async def __call__(self, ending: Ending, cause: Cause, once: Delivery) -> None:
        """Note it once."""
        async with self.start_work(once) as work:
            await work.handling.keep([ending.taken])
            if not await work.triage.end(ending):
                return
            belonging = await work.triage.belonging(ending.complaint_id)
            if belonging.nonconformity is not None:
                fact = ComplaintNoted(ending.complaint_id, ending.ended)
                change = chronicle.of_noted(fact, self.clock(), cause.actor)
                await work.triage.note(belonging.nonconformity, change)
