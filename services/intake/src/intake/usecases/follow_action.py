"""Follow actions: keep who must do what by when, and whether it is done."""

from events.delivery import Delivery
from intake.domain.progress import ActionSeen
from intake.domain.timeline import Note
from intake.usecases.ports import StartWork


class FollowAction:
    """Keeps the actions of a nonconformity."""

    def __init__(self, start_work: StartWork) -> None:
        self._start_work = start_work

    async def __call__(self, seen: ActionSeen, note: Note | None, delivery: Delivery) -> None:
        """Keep it once, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.action(seen)
            if note is not None:
                await work.progress.note(note)
