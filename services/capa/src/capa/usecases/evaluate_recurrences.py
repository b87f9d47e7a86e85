"""Watches whether complaints show the trouble of a closed case again, and raises a signal that proposes what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from capa.domain.case.case import Case, State
from capa.domain.case.guards import Circumstances
from capa.domain.case.recurring import recur
from capa.domain.case.values import DAYS, RecurrenceFound
from capa.domain.risk import CasePolicy, RecurrenceRule
from capa.domain.signals.evidence import Came
from capa.domain.signals.exposure import Unit
from capa.domain.signals.recurrence import (
    WATCH,
    Watched,
    by_test,
    by_windows,
    is_tested,
    span_to_judge,
)
from capa.domain.signals.signal import RECURRENCE, Episode, Signal
from capa.domain.signals.signal import State as SignalState
from capa.domain.signals.watch import ALL
from capa.usecases.answer_recurrence import AnswerRecurrence
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.complaint_ledger import ComplaintLedger
from capa.usecases.ports import StartWork, Work
from capa.usecases.raise_signal import CAPA, raise_signal
from capa.usecases.signal_ports import Ledger
from capa.usecases.signal_telling import cleared, evaluated, moving
from capa.usecases.take_case_step import keep

_JUST_AFTER: Final = timedelta(microseconds=1)
_LATCHED: Final = frozenset({SignalState.RAISED, SignalState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class EvaluateRecurrences:
    """Looks at each closed case whose complaints are still watched, if nobody works on the same trouble already.

    Of several closed cases about the same product and category it is the one closed last, since complaints do not tell
    causes apart. All is counted anew from the ledger, outside of any transaction; a recurrence is written in one.
    """

    start_work: StartWork
    announcer: CaseAnnouncer
    answer: AnswerRecurrence
    policy: CasePolicy
    fresh: timedelta
    ledger: Ledger
    complaints: ComplaintLedger

    async def __call__(self, now: datetime, between: Callable[[], None] = lambda: None) -> Sequence[Signal]:
        """Give the signals raised; `between` is told of each case done."""
        rule = self.policy.recurrence
        if rule is None:
            return []
        async with self.start_work() as work:
            cases = await work.cases.closed_last(now - rule.watch - self.fresh)
        found: list[Signal] = []
        for case in cases:
            signal = await self._look(rule, case, now)
            if signal is not None:
                found.append(signal)
            between()
        return found

    async def _look(self, rule: RecurrenceRule, case: Case, now: datetime) -> Signal | None:
        watched = await self._watched(case, now)
        if watched is None:
            return None
        stratum = (case.product, case.category, ALL)
        came = (await self.ledger.came([stratum], watched.since + _JUST_AFTER, now)).get(stratum, ())
        episode = await self._episode(rule, watched, came, now)
        # What is over for long is none of today's trouble, such as complaints of an import.
        if episode is None or episode.last_at < now - self.fresh:
            return None
        return await self._raise(case, episode, now)

    async def _watched(self, case: Case, now: datetime) -> Watched | None:
        """Tell since when complaints count; None while a signal about the same waits or goes on."""
        if case.closed_at is None:
            return None
        async with self.start_work() as work:
            known = [
                each
                for each in await work.signals.of_place((WATCH, case.product, case.category, ALL))
                if each.episode.rule == RECURRENCE
            ]
            for each in known:
                if each.state in _LATCHED and not await self._ended(work, each, case, now):
                    return None
            since = max([case.closed_at, *(each.episode.last_at for each in known)])
            return Watched(case, case.closed_at, since)

    async def _ended(self, work: Work, seen: Signal, case: Case, now: datetime) -> bool:
        """End a signal that a later closing has overtaken, so that the next recurrence is told; tell whether it is."""
        signal = await work.signals.get(seen.id)
        if signal.state not in _LATCHED:
            return True
        if case.closed_at is None or case.closed_at <= (signal.decided_at or signal.raised_at):
            return False
        reason = f"{case.number} about the same was closed as effective since then."
        if signal.state is SignalState.CONFIRMED:
            ended = signal.clear(reason=reason, now=now)
            work.announce(cleared(ended, now, None, CAPA))
        else:
            ended = signal.dismiss(reason=reason, now=now)
            await self.answer.dismissed(work, ended, now, CAPA)
            work.announce(evaluated(ended, now, CAPA))
        await work.signals.save(ended, moving(ended, now, CAPA))
        return True

    async def _episode(
        self, rule: RecurrenceRule, watched: Watched, came: Sequence[Came], now: datetime
    ) -> Episode | None:
        plan = watched.case.effect_plan
        if plan is None or not is_tested(plan):
            return by_windows(rule, watched, came)
        span = span_to_judge(rule, watched, now)
        if span is None:
            return None
        unit = None if plan.exposure_unit == DAYS else Unit(plan.exposure_unit)
        exposure = await self.complaints.exposure(watched.case.product, unit, span)
        return by_test(rule, watched, span, came, exposure)

    async def _raise(self, seen: Case, episode: Episode, now: datetime) -> Signal | None:
        async with self.start_work() as work:
            # The place before the case, as where a signal ends.
            await work.signals.of_place(episode.place)
            case = await work.cases.get(seen.id)
            if case.state is not State.CLOSED_EFFECTIVE or case.version != seen.version:
                return None
            signal = await raise_signal(work, episode, self.policy.version, now)
            if signal is None or episode.proposal is None:
                return None
            around = Circumstances(by=str(CAPA.actor), rights=CAPA.rights, now=now, policy=self.policy)
            found = RecurrenceFound(
                signal_id=signal.id,
                signal_number=signal.number,
                proposal=episode.proposal,
                complaints=episode.complaints,
                first_at=episode.first_at,
                last_at=episode.last_at,
                explanation=episode.explanation,
                cycle=case.cycle,
                found_at=now,
            )
            taken = recur(case, found, around)
            await keep(work, case, taken, "recurred", at=now, cause=CAPA)
            work.announce(*self.announcer.of_case(taken.case, taken.facts, now, CAPA))
            return signal
