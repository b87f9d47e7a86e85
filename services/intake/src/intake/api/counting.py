"""What the API counts about complaints."""

from typing import Final

from prometheus_client import Counter

from intake.domain.complaint import Channel, Severity
from intake.usecases.receive_complaint import Outcome

RECEIVED: Final = Counter(
    "complaints_received_total",
    "Complaints handed over, by what that came to.",
    ["channel", "severity", "outcome"],
)
REPLAYS: Final = Counter("idempotency_replays_total", "Requests answered again by their Idempotency-Key.")

RECEIVED_BY: Final = {
    (channel, severity, outcome): RECEIVED.labels(channel.value, severity.value, outcome.value)
    for channel in Channel
    for severity in Severity
    for outcome in Outcome
}
"""Each counter of `RECEIVED` by what it counts."""
