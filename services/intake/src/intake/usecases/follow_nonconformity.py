"""Follow nonconformities: keep to which one a complaint belongs."""

from events.delivery import Delivery
from intake.domain.progress import NonconformityMoved, NonconformitySeen
from intake.domain.timeline import Note
from intake.usecases.ports import StartWork


class FollowNonconformity:
    """Keeps a nonconformity and the complaints that belong to it."""

    def __init__(self, start_work: StartWork) -> None:
        self._start_work = start_work

    async def __call__(self, seen: NonconformitySeen, note: Note | None, delivery: Delivery) -> None:
        """Keep it once, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.nonconformity(seen)
            if note is not None:
                await work.progress.note(note)

    async def moved(self, moved: NonconformityMoved, note: Note, delivery: Delivery) -> None:
        """Keep once where it stands now, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.moved(moved)
            await work.progress.note(note)
