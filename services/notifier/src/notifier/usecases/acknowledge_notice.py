"""Takes "seen, I am on it" from the owner of an overdue deadline, or from whoever may say it for them."""

from dataclasses import dataclass

from common.clock import Clock
from common.ids import new_id
from notifier.domain.answer import Asking, acknowledge
from notifier.usecases.answering import Said, keep, look_at, shown
from notifier.usecases.ports import StartWork
from notifier.usecases.views import DeadlineView
from worktime import Calendar


@dataclass(frozen=True, slots=True)
class AcknowledgeNotice:
    """Drops what the owner would still be told of the steps so far, and postpones the next step by the ladder's time."""

    start_work: StartWork
    clock: Clock
    calendar: Calendar

    async def __call__(self, said: Said) -> DeadlineView:
        """Acknowledge, or refuse as `acknowledge` does, and with DeadlineUnknown or Stale; twice changes nothing."""
        async with self.start_work() as work:
            deadline, standing = await look_at(work, said)
            # Read under the lock, so that nobody answers before the step that another process is firing.
            asking = Asking(by=said.by, reason=said.reason, may_stand_in=said.may_stand_in, now=self.clock())
            answer = acknowledge(deadline, standing, asking, self.calendar, answer_id=new_id())
            if answer is not None:
                await keep(work, deadline, answer)
            return await shown(work, said.key)
