"""What delivery counts; label sets are closed and stand at 0 from the start."""

from prometheus_client import Counter, Gauge, Histogram

RELAY_PUBLISHED = Counter("outbox_published_total", "Records that the transport acknowledged.")
RELAY_REFUSED = Counter("outbox_refused_total", "Records that the transport will never take, set aside.")
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
PARKED = Gauge("consumer_parked_messages", "Records set aside in the database, by state.", ["state"])

OUTCOMES = ("handled", "duplicate", "ignored", "unknown_type", "parked", "dead")

for reason in ("transport_away", "database_away"):
    RELAY_FAILURES.labels(reason)
for state in ("parked", "dead"):
    PARKED.labels(state)


def prepare(topics: tuple[str, ...]) -> None:
    """Put every label set of a consumer of these topics at 0."""
    for topic in topics:
        for outcome in OUTCOMES:
            CONSUMED.labels(topic, outcome)
        PROCESS_SECONDS.labels(topic)
        EVENT_AGE_SECONDS.labels(topic)
        DEAD_LETTERS.labels(topic)
