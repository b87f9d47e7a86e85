"""What delivery counts; label sets are closed and stand at 0 from the start."""

import time
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from events.catalogue import LISTENS, dead_letter_topic, topic_of
from events.reading_metrics import prepare_reading
from events.worker_metrics import SAME_IN_ALL, WORKER

PENDING = Gauge(
    "outbox_pending_messages", f"Records that wait in the outbox. {SAME_IN_ALL}", registry=WORKER.registry
)
OLDEST_PENDING = Gauge(
    "outbox_oldest_pending_age_seconds",
    f"How long the oldest record has waited in the outbox; 0 when it is empty. {SAME_IN_ALL}",
    registry=WORKER.registry,
)
SET_ASIDE = Gauge(
    "outbox_set_aside_messages",
    "Records that the transport will never take, since they are too large; they are kept in outbox_refused. "
    f"{SAME_IN_ALL}",
    registry=WORKER.registry,
)
PUBLISHED = Counter(
    "outbox_published_total",
    "Attempts that the transport answered: published; set_aside, since it is too large for ever; refused, one for each "
    "key or topic that has to wait for somebody to put it right.",
    ["topic", "outcome"],
    registry=WORKER.registry,
)
PUBLISH_SECONDS = Histogram(
    "outbox_publish_duration_seconds",
    "Time from handing a batch to the transport to its answer or its failure.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=WORKER.registry,
)
HELD = Gauge(
    "outbox_held",
    "Keys, or whole topics, that this process's relay holds back because the transport refused them.",
    registry=WORKER.registry,
)
RELAY_FAILURES = Counter(
    "outbox_publish_failures_total",
    "Steps of the relay that failed and left the outbox as it was, since the transport or the database was away.",
    ["reason"],
    registry=WORKER.registry,
)
CONSUMED = Counter(
    "messaging_client_consumed_messages_total",
    "Records read, by what became of them: handled; duplicate, handled before; ignored, of no concern here; "
    "unknown_type; parked; dead.",
    ["topic", "outcome"],
    registry=WORKER.registry,
)
PROCESS_SECONDS = Histogram(
    "messaging_process_duration_seconds",
    "Time from taking up a record, or the records that were handled with it, to its commit, by what became of it.",
    ["topic", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=WORKER.registry,
)
EVENT_AGE_SECONDS = Histogram(
    "consumer_event_age_seconds",
    "Age of an event, since it was recorded, when its effect was committed; parked events are left out.",
    ["topic"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
    registry=WORKER.registry,
)
DEAD_LETTERS = Counter(
    "consumer_dead_letters_total",
    "Events that became dead letters, by why; each keeps its key waiting until it is retried or discarded.",
    ["topic", "reason"],
    registry=WORKER.registry,
)
LAG = Gauge(
    "consumer_lag_messages",
    "Records of a partition that the group has not finished. Every replica says the same: aggregate with max by "
    "partition.",
    ["topic", "partition", "group"],
    registry=WORKER.registry,
)
COMMITTED = Gauge(
    "consumer_committed_position",
    "The position up to which the group has finished a partition; lag without its rise is a stuck partition. Every "
    "replica says the same: aggregate with max by partition.",
    ["topic", "partition", "group"],
    registry=WORKER.registry,
)
PARKED = Gauge(
    "consumer_parked_messages",
    "Events set aside in the database: parked ones are tried again, dead ones wait for a person; discarded ones are "
    f"left out. {SAME_IN_ALL}",
    ["state"],
    registry=WORKER.registry,
)
OLDEST_PARKED = Gauge(
    "consumer_oldest_parked_age_seconds",
    f"How long the oldest event has been set aside; 0 without one. {SAME_IN_ALL}",
    ["state"],
    registry=WORKER.registry,
)
OLDEST_TRANSACTION = Gauge(
    "database_oldest_transaction_age_seconds",
    "Age of the oldest transaction open in the service's database, of those that its role may see; while one holds its "
    f"snapshot, timers and queues grow slow. {SAME_IN_ALL}",
    registry=WORKER.registry,
)
GAUGES_KEPT = Gauge(
    "gauges_last_success_timestamp_seconds",
    "When this process last brought gauges up to date, in Unix time, by what they tell of; until it can again, they "
    "stand at their last values.",
    ["about"],
    registry=WORKER.registry,
)

PUBLISH_OUTCOMES: Final = ("published", "set_aside", "refused")
OUTCOMES: Final = ("handled", "duplicate", "ignored", "unknown_type", "parked", "dead")
ABOUT: Final = ("outbox", "lag", "parked", "transactions", "service")
OTHER: Final = "other"
DEAD_REASONS: Final = (
    "undecodable",
    "unknown_version",
    "unhandled",
    "attempts_used_up",
    "unknown_severity",
    "no_working_time",
    OTHER,
)
"""Why events become dead letters; what a handler calls otherwise counts as other, and is told by the dead letter itself."""

for reason in ("transport_away", "database_away"):
    RELAY_FAILURES.labels(reason)
for state in ("parked", "dead"):
    PARKED.labels(state)
    OLDEST_PARKED.labels(state)
for about in ABOUT:
    GAUGES_KEPT.labels(about)


def prepare(service: str) -> None:
    """Export the metrics of a worker, and put every label set of a service's delivery at 0."""
    topics = [topic_of(heard) for heard in LISTENS[service]]
    for topic in (topic_of(service), *(dead_letter_topic(topic, service) for topic in topics)):
        for outcome in PUBLISH_OUTCOMES:
            PUBLISHED.labels(topic, outcome)
    prepare_reading(service)
    for topic in topics:
        for outcome in OUTCOMES:
            CONSUMED.labels(topic, outcome)
            PROCESS_SECONDS.labels(topic, outcome)
        EVENT_AGE_SECONDS.labels(topic)
        for reason in DEAD_REASONS:
            DEAD_LETTERS.labels(topic, reason)
    WORKER.export()


def count_dead_letter(topic: str, reason: str) -> None:
    """Count an event that became a dead letter."""
    DEAD_LETTERS.labels(topic, reason if reason in DEAD_REASONS else OTHER).inc()


def kept(about: str) -> None:
    """Note that gauges were brought up to date just now."""
    GAUGES_KEPT.labels(about).set(time.time())
