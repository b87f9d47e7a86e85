"""Send webhooks: take up what is due, post it outside any transaction, and record what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from common.ids import new_id
from common.letters import Later, Refused, Taken, Verdict
from intake.domain.webhook import DeliveryState, Endpoint, Retries, failed, succeeded
from intake.usecases.changes import notification
from intake.usecases.crm_ports import Claimed, CrmViews, Post, Settled, StartCrmWork
from intake.usecases.ports import Clock
from intake.usecases.try_webhook import SECRET_UNREADABLE, letter_to


@dataclass(frozen=True, slots=True)
class ClaimWebhooks:
    """Takes deliveries up, for each endpoint at most `side_by_side` under way over all processes."""

    start_work: StartCrmWork
    views: CrmViews
    clock: Clock
    lease: timedelta
    """How long an attempt may take before another process takes the delivery for abandoned."""
    side_by_side: int

    async def __call__(self) -> Sequence[Claimed]:
        """Take up what is due now; endpoints that another process is at are left to it."""
        claimed: list[Claimed] = []
        for endpoint_id in await self.views.due(self.clock()):
            async with self.start_work() as work:
                now = self.clock()
                endpoint = await work.endpoints.lock_free(endpoint_id)
                if endpoint is not None:
                    claimed += await work.deliveries.claim(
                        endpoint, token=new_id(), now=now, until=now + self.lease, most=self.side_by_side
                    )
        return claimed


@dataclass(frozen=True, slots=True)
class PostWebhook:
    """Makes one attempt."""

    post: Post
    clock: Clock
    base: str

    async def __call__(self, claimed: Claimed) -> Verdict:
        """Post the change as it stands in the feed, so that every attempt has the same body."""
        secrets = claimed.endpoint.signing_secrets(self.clock())
        if not secrets:
            return Later(SECRET_UNREADABLE)
        body = notification(claimed.change, base=self.base)
        return await self.post(letter_to(claimed.endpoint, claimed.change.id, body, secrets))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the delivery became (None where another process has taken it up meanwhile), and its endpoint now."""

    state: DeliveryState | None
    endpoint: Endpoint | None
    disabled: bool = False
    """Whether this attempt has disabled the endpoint."""


@dataclass(frozen=True, slots=True)
class RecordPost:
    """Ends an attempt: delivered, to be tried again later, or failed; and keeps the endpoint's health."""

    start_work: StartCrmWork
    clock: Clock
    retries: Retries
    chance: Callable[[], float]
    """Draws a number between 0 and 1, for the jitter."""

    async def __call__(self, claimed: Claimed, verdict: Verdict) -> Recorded:
        """Record it; raises NoSuchWebhook where the endpoint was deleted meanwhile."""
        async with self.start_work() as work:
            endpoint = await work.endpoints.lock(claimed.endpoint.id)
            now = self.clock()
            settled = self._settled(claimed, verdict, now)
            if not await work.deliveries.settle(claimed.id, claimed.token, settled, now=now):
                return Recorded(None, endpoint)
            told = self._health(endpoint, verdict, now)
            if told != endpoint:
                await work.endpoints.save(told)
        off = endpoint.disabled_at is None and told.disabled_at is not None
        return Recorded(settled.state, told, disabled=off)

    def _settled(self, claimed: Claimed, verdict: Verdict, now: datetime) -> Settled:
        match verdict:
            case Taken(status):
                return Settled(
                    state=DeliveryState.DELIVERED,
                    reason=None,
                    status=status,
                    next_attempt_at=None,
                    maybe_duplicate=claimed.maybe_duplicate,
                )
            case Later(reason, status, after, maybe_delivered):
                at = self.retries.next_attempt(now, claimed.tries, after, chance=self.chance())
                return Settled(
                    state=DeliveryState.FAILED if at is None else DeliveryState.WAITING,
                    reason=reason,
                    status=status,
                    next_attempt_at=at,
                    maybe_duplicate=claimed.maybe_duplicate or maybe_delivered,
                )
            case Refused(reason, status):
                return Settled(
                    state=DeliveryState.FAILED,
                    reason=reason,
                    status=status,
                    next_attempt_at=None,
                    maybe_duplicate=claimed.maybe_duplicate,
                )
            case never:
                assert_never(never)

    def _health(self, endpoint: Endpoint, verdict: Verdict, now: datetime) -> Endpoint:
        match verdict:
            case Taken():
                return succeeded(endpoint)
            case Later(_, _, after):
                return failed(endpoint, gone=False, after=after, retries=self.retries, now=now)
            case Refused(_, _, gone):
                return failed(endpoint, gone=gone, after=None, retries=self.retries, now=now)
            case never:
                assert_never(never)
