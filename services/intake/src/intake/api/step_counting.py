"""What the API counts about the steps of complaints."""

from typing import Final

from prometheus_client import Counter

from intake.domain.lifecycle.words import Step

STEPS: Final = Counter(
    "complaint_steps_total",
    "Steps of complaints that were asked for through the API, by step and by whether they were taken or a rule refused them.",
    ["step", "outcome"],
)
TAKEN: Final = "taken"
REFUSED: Final = "refused"

for _step in Step:
    for _outcome in (TAKEN, REFUSED):
        STEPS.labels(_step.value, _outcome)


def count_taken(step: Step) -> None:
    """Count a step that was taken."""
    STEPS.labels(step.value, TAKEN).inc()


def count_refused(step: Step) -> None:
    """Count a step that a rule refused."""
    STEPS.labels(step.value, REFUSED).inc()
