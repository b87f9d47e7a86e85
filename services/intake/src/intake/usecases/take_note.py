"""Take note: keep what another service told, for the timeline of the complaints that it is about."""

from events.delivery import Delivery
from intake.domain.timeline import Note
from intake.usecases.ports import StartWork


class TakeNote:
    """Keeps a fact once."""

    def __init__(self, start_work: StartWork) -> None:
        self._start_work = start_work

    async def __call__(self, note: Note, delivery: Delivery) -> None:
        """Keep it, whether what it is about is known yet or not; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.take_notes([note])
