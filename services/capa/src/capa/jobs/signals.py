"""Evaluates signals again and again, one worker at a time."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge

from capa.domain.case.values import Proposal
from capa.domain.groups import Groups
from capa.usecases.evaluate_signals import EvaluateSignals
from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from common.clock import Clock
from events.worker_metrics import WORKER

EVERY: Final = timedelta(minutes=15)
"""Signals are evaluated so often, by whichever worker comes first."""

_LOOK_SECONDS: Final = 30.0

RAISED: Final = Counter(
    "signals_raised_total",
    "Trend signals that this process raised, by product: the first pattern of the triage policy's assignments that "
    "matches, else other.",
    ["product"],
    registry=WORKER.registry,
)
RECURRENCES: Final = Counter(
    "case_recurrences_total",
    "Closed cases whose trouble this process found to have come back, by what it proposed.",
    ["proposal"],
    registry=WORKER.registry,
)
EVALUATED: Final = Gauge(
    "signals_evaluated_timestamp_seconds",
    "When this process last saw that signals were evaluated, by itself or by another worker; 0 before the first time.",
    registry=WORKER.registry,
)

log = get_logger("capa.signals")


@dataclass(frozen=True, slots=True)
class KeepEvaluating:
    """Asks every half minute whether it is time, and goes on when the database is away."""

    evaluate: EvaluateSignals
    groups: Groups
    clock: Clock
    every: timedelta = EVERY
    look_seconds: float = _LOOK_SECONDS

    def prepare(self) -> None:
        """Put every label set at 0."""
        for product in self.groups.products:
            RAISED.labels(product)
        for proposal in Proposal:
            RECURRENCES.labels(proposal.value)

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Evaluate until stopped."""
        while True:
            beat()
            await self.once(beat)
            if await waited_for(stop, self.look_seconds):
                return

    async def once(self, beat: Beat = lambda: None) -> None:
        """Evaluate if it is time."""
        try:
            raised = await self.evaluate(every=self.every, between=beat)
        except Exception as error:
            if not (is_away(error) or is_busy(error)):
                raise
            log.warning("signals_not_evaluated", reason=type(error).__name__)
            return
        EVALUATED.set(self.clock().timestamp())
        for signal in raised or ():
            RAISED.labels(self.groups.of_product(signal.episode.product)).inc()
            if signal.episode.proposal is not None:
                RECURRENCES.labels(signal.episode.proposal.value).inc()
            log.info(
                "signal_raised", number=signal.number, rule=signal.episode.rule, watch=signal.episode.watch
            )
