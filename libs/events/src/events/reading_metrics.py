"""What reading counts, whichever carrier is read."""

import time

from prometheus_client import Counter, Gauge

from events.worker_metrics import WORKER

LAST_POLL = Gauge(
    "consumer_last_poll_timestamp_seconds",
    "When this process last looked for records, in Unix time; 0 until it first does.",
    ["group"],
    registry=WORKER.registry,
)
REBALANCES = Counter(
    "consumer_rebalances_total",
    "Times that partitions were given out anew to this member; the embedded log never does.",
    ["group"],
    registry=WORKER.registry,
)


def prepare_reading(group: str) -> None:
    """Put a group's counters at 0; that it never looked for records shows as the start of 1970."""
    LAST_POLL.labels(group)
    REBALANCES.labels(group)


def polled(group: str) -> None:
    """Note that records were looked for, whether or not there were any."""
    LAST_POLL.labels(group).set(time.time())
