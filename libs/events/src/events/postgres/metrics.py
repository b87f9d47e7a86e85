"""What delivery counts; label sets are closed and stand at 0 from the start."""

from prometheus_client import Counter, Gauge, Histogram

from events.catalogue import LISTENS, dead_letter_topic, topic_of
from events.reading_metrics import prepare_reading

PENDING = Gauge("outbox_pending_messages", "Records that wait in the outbox.")
OLDEST_PENDING = Gauge(
    "outbox_oldest_pending_age_seconds",
    "How long the oldest record has waited in the outbox; 0 when it is empty.",
)
PUBLISHED = Counter(
    "outbox_published_total",
    "Attempts that the transport answered: published; set_aside, since it is too large for ever; refused, one for each "
    "key or topic that has to wait for somebody to put it right.",
    ["topic", "outcome"],
)
PUBLISH_SECONDS = Histogram(
    "outbox_publish_duration_seconds",
    "Time from handing a batch to the transport to its answer or its failure.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
HELD = Gauge("outbox_held", "Keys, or whole topics, whose records wait because the transport refuses them.")
RELAY_FAILURES = Counter("outbox_publish_failures_total", "Failed relay steps.", ["reason"])
CONSUMED = Counter(
    "messaging_client_consumed_messages_total", "Records read, by what became of them.", ["topic", "outcome"]
)
PROCESS_SECONDS = Histogram(
    "messaging_process_duration_seconds",
    "Time from taking up a record to its commit.",
    ["topic"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENT_AGE_SECONDS = Histogram(
    "consumer_event_age_seconds",
    "Age of an event, since it was recorded, when its effect was committed.",
    ["topic"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
DEAD_LETTERS = Counter("consumer_dead_letters_total", "Records that became dead letters.", ["topic"])
LAG = Gauge(
    "consumer_lag_messages", "Records that the group has not finished.", ["topic", "partition", "group"]
)
PARKED = Gauge("consumer_parked_messages", "Records set aside in the database, by state.", ["state"])

PUBLISH_OUTCOMES = ("published", "set_aside", "refused")
OUTCOMES = ("handled", "duplicate", "ignored", "unknown_type", "parked", "dead")

for reason in ("transport_away", "database_away"):
    RELAY_FAILURES.labels(reason)
for state in ("parked", "dead"):
    PARKED.labels(state)


def prepare(service: str) -> None:
    """Put every label set of a service's delivery at 0."""
    topics = [topic_of(heard) for heard in LISTENS[service]]
    for topic in (topic_of(service), *(dead_letter_topic(topic, service) for topic in topics)):
        for outcome in PUBLISH_OUTCOMES:
            PUBLISHED.labels(topic, outcome)
    prepare_reading(service)
    for topic in topics:
        for outcome in OUTCOMES:
            CONSUMED.labels(topic, outcome)
        PROCESS_SECONDS.labels(topic)
        EVENT_AGE_SECONDS.labels(topic)
        DEAD_LETTERS.labels(topic)
