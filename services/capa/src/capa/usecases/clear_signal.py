"""Clears a confirmed signal, and begins a new phase of its chart where the level has moved for good."""

from dataclasses import dataclass
from datetime import date, datetime

from capa.domain.errors import SpanInvalid
from capa.domain.signals.periods import Length, begin_of_day, period_of
from capa.domain.signals.signal import Signal
from capa.domain.signals.watch import SignalPolicy
from capa.usecases.cause import Cause
from capa.usecases.ports import StartWork
from capa.usecases.signal_telling import cleared, moving
from capa.usecases.step import Target
from common.clock import Clock
from common.refusals import FieldError


@dataclass(frozen=True, slots=True)
class ClearSignal:
    """Ends a signal, so that its rule may raise the next one."""

    start_work: StartWork
    clock: Clock
    policy: SignalPolicy

    async def __call__(
        self, target: Target, *, reason: str, new_phase_from: date | None, cause: Cause
    ) -> Signal:
        """Give the signal as cleared; with `new_phase_from`, limits are frozen anew from the period of that day on."""
        async with self.start_work() as work:
            signal = await work.signals.get(target.action)
            signal.expect(target.version)
            now = self.clock()
            done = signal.clear(reason=reason, now=now)
            begins_at = None if new_phase_from is None else self._begin(signal, new_phase_from, now)
            more: dict[str, object] = {}
            if begins_at is not None:
                phase = await work.signals.begin_phase(
                    signal.episode.place, begins_at, actor=str(cause.actor), reason=done.clear_reason
                )
                more = {"phase": phase, "phase_begins_at": begins_at.isoformat()}
            await work.signals.save(done, moving(done, now, cause, **more))
            work.announce(cleared(done, now, begins_at, cause))
            return done

    def _begin(self, signal: Signal, day: date, now: datetime) -> datetime:
        if signal.episode.case_id is not None:
            detail = f"Signal {signal.number} is about a closed case, whose chart has no phases."
            raise SpanInvalid(
                detail, FieldError("/body/new_phase_from", SpanInvalid.code, detail, "Leave it out.")
            )
        watch = next((each for each in self.policy.watches if each.name == signal.episode.watch), None)
        begins_at = period_of(
            begin_of_day(day, self.policy.zone), watch.period if watch else Length.MONTH, self.policy.zone
        ).begins_at
        if begins_at > now:
            detail = f"A phase cannot begin on {day}, which is in the future."
            fix = "Send the day on which the level moved."
            raise SpanInvalid(detail, FieldError("/body/new_phase_from", SpanInvalid.code, detail, fix))
        return begins_at
