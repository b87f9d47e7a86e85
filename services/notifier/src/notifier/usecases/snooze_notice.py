"""Postpones the next step of an overdue deadline until an instant, for a reason."""

from dataclasses import dataclass
from datetime import datetime

from common.clock import Clock
from common.ids import new_id
from notifier.domain.answer import Asking, snooze
from notifier.usecases.answering import Said, keep, look_at, shown
from notifier.usecases.ports import StartWork
from notifier.usecases.views import DeadlineView
from worktime import Calendar


@dataclass(frozen=True, slots=True)
class SnoozeNotice:
    """Moves the next step alone, within the bounds of the ladder, as long as nobody but the owner was told."""

    start_work: StartWork
    clock: Clock
    calendar: Calendar

    async def __call__(self, said: Said, *, until: datetime) -> DeadlineView:
        """Snooze, or refuse as `snooze` does, and with DeadlineUnknown or Stale."""
        async with self.start_work() as work:
            deadline, standing = await look_at(work, said)
            asking = Asking(by=said.by, reason=said.reason, may_stand_in=said.may_stand_in, now=self.clock())
            answer = snooze(deadline, standing, asking, self.calendar, until=until, answer_id=new_id())
            await keep(work, deadline, answer)
            return await shown(work, said.key)
