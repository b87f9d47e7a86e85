"""Follow triage: keep what capa decided about a complaint, so that its source can read it."""

from events.delivery import Delivery
from intake.domain.progress import TriageSeen
from intake.domain.timeline import Note
from intake.usecases.ports import StartWork


class FollowTriage:
    """Keeps triage's decision beside the complaint."""

    def __init__(self, start_work: StartWork) -> None:
        self._start_work = start_work

    async def __call__(self, seen: TriageSeen, note: Note | None, delivery: Delivery) -> None:
        """Keep it once, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.triage(seen)
            if note is not None:
                await work.progress.note(note)
