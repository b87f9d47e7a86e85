"""Has a breach judged that notifier saw."""

from dataclasses import dataclass

from capa.consumers.counters import BREACHES
from capa.usecases.action_telling import CLOCK, SUBJECT_KIND
from capa.usecases.note_breach import NoteBreach
from capa.usecases.ports import Notice
from events.contracts.notifier import DeadlineBreachedV1
from events.delivery import Delivery
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnDeadlineBreached:
    """Handles `deadline.breached`."""

    note_breach: NoteBreach

    async def __call__(self, event: Event[DeadlineBreachedV1], delivery: Delivery) -> None:
        """Keep the breach of an action's deadline, where capa agrees that it is one."""
        data = event.data
        if (data.subject_kind, data.clock) != (SUBJECT_KIND, CLOCK):
            return
        breach = Notice(
            event_id=event.id,
            action_id=data.subject_id,
            kind="breached",
            generation=data.generation,
            at=data.breached_at,
        )
        heeded = await self.note_breach(breach, delivery)
        BREACHES.labels("heeded" if heeded else "ignored").inc()
