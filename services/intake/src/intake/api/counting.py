"""What the API counts about complaints."""

from typing import Final

from prometheus_client import Counter

from intake.domain.complaint import Channel, Severity
from intake.usecases.receive_complaint import Outcome

RECEIVED: Final = Counter(
    "complaints_received_total",
    "Complaints handed over one by one through the API, by what that came to: received, unchanged, amended, or stale where a "
    "newer telling is known. Replays by an Idempotency-Key and the rows of imports are counted apart.",
    ["channel", "severity", "outcome"],
)
REPLAYS: Final = Counter(
    "idempotency_replays_total",
    "Requests answered again by their Idempotency-Key, by what the first answer said.",
    ["outcome"],
)
for replayed in (Outcome.RECEIVED, Outcome.UNCHANGED):
    REPLAYS.labels(replayed.value)

RECEIVED_BY: Final = {
    (channel, severity, outcome): RECEIVED.labels(channel.value, severity.value, outcome.value)
    for channel in Channel
    for severity in Severity
    for outcome in Outcome
}
"""Each counter of `RECEIVED` by what it counts."""
