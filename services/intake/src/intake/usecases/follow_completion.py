"""Follow an action that is completed: a containment that is done meets clocks of all the complaints that wait for it."""

from datetime import datetime

from events.delivery import Delivery
from intake.domain.clocks.following import Change
from intake.domain.clocks.happening import Happened, Happening, situation_of
from intake.domain.progress import ActionSeen
from intake.domain.timeline import Note
from intake.usecases.clockwork import Clockwork
from intake.usecases.follow_capa import CAPA
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import StartWork, Timed, Work


class FollowCompletion:
    """Keeps that actions of a nonconformity were completed."""

    def __init__(self, start_work: StartWork, clockwork: Clockwork) -> None:
        self._start_work = start_work
        self._clockwork = clockwork

    async def __call__(
        self, seen: ActionSeen, note: Note, delivery: Delivery, *, completed_at: datetime
    ) -> None:
        """Keep it once, and the note of it for timelines; raises AlreadyHandled for a second delivery."""
        changes: list[Change] = []
        async with self._start_work(once=delivery) as work:
            # Complaints are locked before the action is written, which is the order of all who write.
            waiting = await _waiting(work, seen)
            await work.progress.action(seen)
            await work.progress.take_notes([note])
            happened = Happened(Happening.CONTAINED, completed_at)
            cause = Cause(CAPA, seen.seen_at)
            for each in waiting:
                situation = situation_of(each.complaint, each.handling)
                changes += await self._clockwork.follow(work, each.complaint, situation, [happened], cause)
        self._clockwork.counted(changes)


async def _waiting(work: Work, seen: ActionSeen) -> list[Timed]:
    ids = await work.clocks.awaiting_containment(seen.action_id, seen.nonconformity_id)
    return [await work.clocks.timed(complaint_id) for complaint_id in ids]
