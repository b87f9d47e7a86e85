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

for _channel in Channel:
    for _severity in Severity:
        for _outcome in Outcome:
            RECEIVED.labels(_channel.value, _severity.value, _outcome.value)
