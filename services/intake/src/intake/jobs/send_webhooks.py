"""Sends webhooks when their moment comes, side by side, so that a slow receiver holds up nobody but itself."""

import asyncio
import time
from typing import Final

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from common.letters import Later, Taken, Verdict
from events.wake import Wake, rest
from intake.domain.errors import NoSuchWebhook
from intake.domain.webhook import DeliveryState
from intake.jobs import crm_metrics as metrics
from intake.usecases.crm_ports import Claimed
from intake.usecases.send_webhooks import ClaimWebhooks, PostWebhook, Recorded, RecordPost

POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 2.0

log = get_logger("intake.webhooks")


class RunWebhooks:
    """Takes up what is due without waiting for what is under way; any number of processes may do so."""

    def __init__(
        self,
        claim: ClaimWebhooks,
        post: PostWebhook,
        record: RecordPost,
        wake: Wake,
        *,
        poll: float = POLL_SECONDS,
    ) -> None:
        self._claim = claim
        self._post = post
        self._record = record
        self._wake = wake
        self._poll = wake.poll(poll)
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped; what is being sent then is finished and recorded first."""
        try:
            while not stop.is_set():
                beat()
                ticket = self._wake.ticket()
                try:
                    started = await self.start_due()
                except Exception as error:
                    if not (is_away(error) or is_busy(error)):
                        raise
                    log.warning("webhooks_wait_for_database", reason=type(error).__name__)
                    await waited_for(stop, RETRY_SECONDS)
                    continue
                if not started:
                    await rest(stop, ticket, self._poll)
        finally:
            await self.finish()

    async def start_due(self) -> int:
        """Begin to send what is due; gives how many."""
        claimed = await self._claim()
        for one in claimed:
            task = asyncio.create_task(self._deliver(one))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return len(claimed)

    async def finish(self) -> None:
        """Wait for what is being sent."""
        while self._sending:
            await asyncio.gather(*self._sending, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        # A place became free.
        self._wake.ring()

    async def _deliver(self, claimed: Claimed) -> None:
        started = time.monotonic()
        verdict = await self._attempt(claimed)
        metrics.DURATION.observe(time.monotonic() - started)
        try:
            recorded = await self._record(claimed, verdict)
        except NoSuchWebhook:
            return
        except Exception as error:  # noqa: BLE001 - the lease ends, and another attempt is made
            log.warning("webhook_not_recorded", delivery_id=str(claimed.id), reason=type(error).__name__)
            return
        _tell(claimed, verdict, recorded)

    async def _attempt(self, claimed: Claimed) -> Verdict:
        try:
            return await self._post(claimed)
        except Exception:  # what nobody foresaw must not leave the delivery as sending until its lease ends
            log.exception("webhook_failed", delivery_id=str(claimed.id))
            return Later("internal_error", maybe_delivered=True)


def _tell(claimed: Claimed, verdict: Verdict, recorded: Recorded) -> None:
    reason = None if isinstance(verdict, Taken) else verdict.reason
    match recorded.state:
        case None:
            outcome = "lost"
        case DeliveryState.DELIVERED:
            outcome = "delivered"
        case DeliveryState.FAILED:
            outcome = "failed"
        case _:
            outcome = "retried"
    metrics.ATTEMPTS.labels(outcome, metrics.told(reason)).inc()
    log.info(
        "webhook_attempted",
        delivery_id=str(claimed.id),
        endpoint_id=str(claimed.endpoint.id),
        webhook_id=str(claimed.change.id),
        tries=claimed.tries,
        outcome=outcome,
        reason=reason,
        status=verdict.status,
    )
    endpoint = recorded.endpoint
    if recorded.disabled and endpoint is not None and endpoint.disabled_reason is not None:
        metrics.DISABLED.labels(endpoint.disabled_reason).inc()
        log.warning(
            "webhook_disabled",
            endpoint_id=str(endpoint.id),
            source_system=endpoint.source_system,
            reason=endpoint.disabled_reason,
        )
