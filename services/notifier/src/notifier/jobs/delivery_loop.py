"""Sends deliveries when their moment comes."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from chassis.logging import get_logger
from chassis.run import Beat
from common.clock import Clock
from events.wake import Wake
from notifier.domain.outcomes import GaveUp, Outcome, Sent, TryLater
from notifier.domain.person import Channel
from notifier.jobs import metrics
from notifier.jobs.gate import Gate
from notifier.jobs.reasons import NO_REASON, told
from notifier.jobs.rest import seconds_until
from notifier.jobs.turns import take_turns
from notifier.usecases.next_moment import NextMoment
from notifier.usecases.ports import Send
from notifier.usecases.prepare_deliveries import ATTEMPTS_USED_UP, Prepared, PrepareDeliveries
from notifier.usecases.record_attempt import RecordAttempt, Recorded

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeliveryLoop:
    """Takes up a few deliveries at a time, sends them side by side, and records each; times in seconds."""

    prepare: PrepareDeliveries
    record: RecordAttempt
    channels: Mapping[Channel, Send]
    next_moment: NextMoment
    gate: Gate
    clock: Clock
    wake: Wake
    poll: float
    side_by_side: int = 8

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Run until stopped; what is being sent then is finished and recorded first."""
        await take_turns(
            self.turn, stop, beat, loop="deliveries", gate=self.gate, wake=self.wake, poll=self.poll
        )

    async def turn(self) -> float:
        """Send one batch and tell how long to rest."""
        batch = await self.prepare(self.side_by_side)
        for reason, number in batch.suppressed.items():
            metrics.SUPPRESSED.labels(reason).inc(number)
        results = await asyncio.gather(
            *(self._deliver(each) for each in batch.prepared), return_exceptions=True
        )
        for failure in results:
            if isinstance(failure, BaseException):
                raise failure
        if batch.looked_at:
            return 0.0
        return seconds_until(await self.next_moment.of_deliveries(), self.clock(), self.poll)

    async def _deliver(self, prepared: Prepared) -> None:
        outcome = await self._send(prepared)
        recorded = await self.record(prepared, outcome)
        channel = prepared.delivery.channel
        word, reason = _said(outcome)
        metrics.ATTEMPTS.labels(channel, word, told(reason) if reason else NO_REASON).inc()
        _count(recorded, channel, outcome)
        log.info(
            "delivery_attempted",
            delivery_id=str(prepared.delivery.id),
            recipient=prepared.delivery.recipient,
            channel=str(channel),
            attempt=prepared.delivery.attempts,
            outcome=word,
            reason=reason,
            result=recorded.result,
            notices=len(recorded.notices),
        )

    async def _send(self, prepared: Prepared) -> Outcome:
        if prepared.message is None:
            return GaveUp(prepared.hopeless or "no_channel")
        channel = prepared.delivery.channel
        started = time.monotonic()
        try:
            return await self.channels[channel].send(prepared.message)
        except (
            Exception
        ):  # A channel that fails in a way nobody foresaw must not leave the delivery as sending.
            log.exception("channel_failed", channel=str(channel), delivery_id=str(prepared.delivery.id))
            return TryLater("internal_error", maybe_delivered=True)
        finally:
            metrics.DURATION.labels(channel).observe(time.monotonic() - started)


def _count(recorded: Recorded, channel: Channel, came_of_it: Outcome) -> None:
    match recorded.result:
        case "sent":
            outcome = "sent"
        case "gave_up":
            is_final = isinstance(came_of_it, GaveUp) and came_of_it.reason != ATTEMPTS_USED_UP
            outcome = "refused" if is_final else "failed"
        case "failed" | "lost":
            return
        case never:
            assert_never(never)
    for notice in recorded.notices:
        metrics.NOTIFICATIONS.labels(notice.kind, channel, outcome).inc()


def _said(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Sent():
            return "sent", ""
        case TryLater(reason):
            return "try_later", reason
        case GaveUp(reason):
            return "gave_up", reason
        case never:
            assert_never(never)
