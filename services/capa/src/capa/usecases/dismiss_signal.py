"""Dismisses a signal: somebody looked, and it is no trend."""

from dataclasses import dataclass

from capa.domain.signals.signal import Signal
from capa.usecases.answer_recurrence import AnswerRecurrence
from capa.usecases.cause import Cause
from capa.usecases.ports import StartWork
from capa.usecases.signal_telling import evaluated, moving
from capa.usecases.step import Target
from common.clock import Clock


@dataclass(frozen=True, slots=True)
class DismissSignal:
    """Ends a signal without consequence; what was evidence of it raises none again."""

    start_work: StartWork
    clock: Clock
    answer: AnswerRecurrence

    async def __call__(self, target: Target, *, reason: str, cause: Cause) -> Signal:
        """Give the signal as dismissed."""
        async with self.start_work() as work:
            signal = await work.signals.get(target.action)
            signal.expect(target.version)
            now = self.clock()
            dismissed = signal.dismiss(reason=reason, now=now)
            if dismissed.episode.case_id is not None:
                await self.answer.dismissed(work, dismissed, now, cause)
            await work.signals.save(dismissed, moving(dismissed, now, cause))
            work.announce(evaluated(dismissed, now, cause))
            return dismissed
