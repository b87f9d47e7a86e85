"""Shows what waits, apart from the scrape."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from common.clock import Clock
from notifier.domain.answer import AnswerKind
from notifier.jobs import metrics


class Counts(Protocol):
    """How much there is of what at one instant."""

    @property
    def timers_pending(self) -> int:
        """Timers that have not ended."""
        ...

    @property
    def timers_stuck(self) -> int:
        """Timers that are tried no more."""
        ...

    @property
    def timers_due(self) -> int:
        """Timers whose moment has come."""
        ...

    @property
    def oldest_due(self) -> datetime | None:
        """Since when the oldest of them waits."""
        ...

    @property
    def deadlines_open(self) -> int:
        """Deadlines neither met nor voided."""
        ...

    @property
    def deadlines_overdue(self) -> int:
        """Open ones past their due instant."""
        ...

    @property
    def deadlines_acknowledged(self) -> int:
        """Open ones with an acknowledgement that counts."""
        ...

    @property
    def deadlines_snoozed(self) -> int:
        """Open ones with a snooze that counts."""
        ...

    @property
    def deliveries_waiting(self) -> int:
        """Messages planned or to be tried again."""
        ...

    @property
    def deliveries_sending(self) -> int:
        """Messages under way."""
        ...

    @property
    def oldest_delivery_due(self) -> datetime | None:
        """Since when the oldest message whose moment has come waits."""
        ...

    @property
    def webhooks_disabled(self) -> int:
        """Webhooks switched off."""
        ...


@dataclass(frozen=True, slots=True)
class NotifierGauges:
    """Shows what there is at the clock's time."""

    count: Callable[[datetime], Awaitable[Counts]]
    clock: Clock

    async def __call__(self) -> None:
        """Count once."""
        now = self.clock()
        counts = await self.count(now)
        metrics.TIMERS_PENDING.set(counts.timers_pending)
        metrics.TIMERS_STUCK.set(counts.timers_stuck)
        metrics.TIMERS_DUE.set(counts.timers_due)
        metrics.TIMER_OLDEST_DUE.set(_age(counts.oldest_due, now))
        metrics.DEADLINES_OPEN.set(counts.deadlines_open)
        metrics.DEADLINES_OVERDUE.set(counts.deadlines_overdue)
        metrics.DEADLINES_ANSWERED.labels(AnswerKind.ACKNOWLEDGED).set(counts.deadlines_acknowledged)
        metrics.DEADLINES_ANSWERED.labels(AnswerKind.SNOOZED).set(counts.deadlines_snoozed)
        metrics.DELIVERIES_WAITING.set(counts.deliveries_waiting)
        metrics.DELIVERIES_SENDING.set(counts.deliveries_sending)
        metrics.DELIVERY_OLDEST_DUE.set(_age(counts.oldest_delivery_due, now))
        metrics.ENDPOINT_DISABLED.labels("webhook").set(counts.webhooks_disabled)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
