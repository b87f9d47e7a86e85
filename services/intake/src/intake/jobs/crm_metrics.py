"""What the worker counts of the feed of changes and of webhooks."""

import re
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from common.clock import Clock
from events.worker_metrics import SAME_IN_ALL, WORKER
from intake.domain.change import ChangeType
from intake.domain.webhook import WhyDisabled
from intake.usecases.feed_health import WAITING, ReadFeedHealth

NO_REASON: Final = "none"
OTHER: Final = "other"
_NAMED: Final = (
    "address_refused",
    "connection_broken",
    "internal_error",
    "invalid_url",
    "secret_unreadable",
    "timeout",
    "unreachable",
)
_CLASSES: Final = ("http_3xx", "http_4xx", "http_5xx")
_CODE: Final = re.compile(r"http_([0-9])[0-9]{2}")
OUTCOMES: Final = ("delivered", "retried", "failed", "lost")

CHANGES: Final = Counter(
    "complaint_changes_published_total",
    "Changes of complaints that got their place in the feed, by type.",
    ["type"],
    registry=WORKER.registry,
)
ATTEMPTS: Final = Counter(
    "crm_webhook_attempts_total",
    "Attempts to post a change to an endpoint, by what became of the delivery: delivered, retried later, failed for good, or "
    "lost to another process; and by the reason of a failure.",
    ["outcome", "reason"],
    registry=WORKER.registry,
)
DURATION: Final = Histogram(
    "crm_webhook_duration_seconds",
    "How long one attempt to post a change took.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30),
    registry=WORKER.registry,
)
DISABLED: Final = Counter(
    "crm_webhooks_disabled_total",
    "Endpoints that were disabled because the receiver answered 410 or failed for days.",
    ["reason"],
    registry=WORKER.registry,
)
QUEUED: Final = Gauge(
    "complaint_changes_queued",
    f"Changes of complaints that wait for their place in the feed. {SAME_IN_ALL}",
    registry=WORKER.registry,
)
DELIVERIES: Final = Gauge(
    "crm_webhook_deliveries_waiting",
    f"Deliveries that are not finished: waiting for their moment, or being sent. {SAME_IN_ALL}",
    ["state"],
    registry=WORKER.registry,
)
OLDEST: Final = Gauge(
    "crm_webhook_oldest_age_seconds",
    "How long the unfinished delivery to an enabled endpoint that waits for longest has waited; 0 without one. "
    f"{SAME_IN_ALL}",
    registry=WORKER.registry,
)
ENDPOINTS: Final = Gauge(
    "crm_webhook_endpoints",
    f"Endpoints by state: enabled, or disabled because the receiver answered 410 or failed for days. {SAME_IN_ALL}",
    ["state"],
    registry=WORKER.registry,
)

for _type in ChangeType:
    CHANGES.labels(_type.value)
for _outcome in OUTCOMES:
    for _reason in (NO_REASON, *_NAMED, *_CLASSES, OTHER):
        ATTEMPTS.labels(_outcome, _reason)
for _why in (WhyDisabled.GONE, WhyDisabled.FAILING):
    DISABLED.labels(_why.value)
for _state in WAITING:
    DELIVERIES.labels(_state.value)
for _name in ("enabled", "disabled"):
    ENDPOINTS.labels(_name)


def told(reason: str | None) -> str:
    """Name a reason as metrics do, an answer's code by its class."""
    if reason is None:
        return NO_REASON
    if reason in _NAMED:
        return reason
    code = _CODE.fullmatch(reason)
    name = f"http_{code[1]}xx" if code else OTHER
    return name if name in _CLASSES else OTHER


@dataclass(frozen=True, slots=True)
class FeedGauges:
    """Shows what waits, at the clock's time."""

    read: ReadFeedHealth
    clock: Clock

    async def __call__(self) -> None:
        """Count once."""
        found = await self.read()
        QUEUED.set(found.queued)
        for state in WAITING:
            DELIVERIES.labels(state.value).set(found.deliveries.get(state, 0))
        oldest = found.oldest_due
        OLDEST.set(0.0 if oldest is None else max((self.clock() - oldest).total_seconds(), 0.0))
        ENDPOINTS.labels("enabled").set(found.enabled)
        ENDPOINTS.labels("disabled").set(found.disabled)
