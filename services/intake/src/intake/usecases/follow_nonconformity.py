"""Follow nonconformities: keep to which one a complaint belongs."""

from events.delivery import Delivery
from intake.domain.progress import NonconformityMoved, NonconformitySeen
from intake.domain.timeline import Note
from intake.usecases.clockwork import Clockwork
from intake.usecases.follow_link import follow_link
from intake.usecases.ports import StartWork


class FollowNonconformity:
    """Keeps a nonconformity and the complaints that belong to it."""

    def __init__(self, start_work: StartWork, clockwork: Clockwork) -> None:
        self._start_work = start_work
        self._clockwork = clockwork

    async def __call__(self, seen: NonconformitySeen, note: Note | None, delivery: Delivery) -> None:
        """Keep it once, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            changes = await follow_link(
                work,
                self._clockwork,
                lambda: work.progress.nonconformity(seen),
                complaint_id=seen.complaint_id,
                nonconformity_id=seen.nonconformity_id,
                now=seen.seen_at,
            )
            if note is not None:
                await work.progress.note(note)
        self._clockwork.counted(changes)

    async def moved(self, moved: NonconformityMoved, note: Note, delivery: Delivery) -> None:
        """Keep once where it stands now, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.moved(moved)
            await work.progress.note(note)
