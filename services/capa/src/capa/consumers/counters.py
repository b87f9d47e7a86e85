"""What the consumers count; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter

from capa.domain.triage import Outcome

DECISIONS: Final = Counter(
    "triage_decisions_total", "Complaints decided about, by what became of them.", ["outcome"]
)
BREACHES: Final = Counter(
    "action_breaches_total",
    "Breaches that notifier saw, by whether capa agrees that they are some.",
    ["outcome"],
)

for outcome in Outcome:
    DECISIONS.labels(outcome.value)
for heeded in ("heeded", "ignored"):
    BREACHES.labels(heeded)
