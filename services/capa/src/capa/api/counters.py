"""What the API counts; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter, Histogram

from capa.domain.action import KINDS, Action, Punctuality, Step
from capa.domain.case.case import Step as CaseStep
from capa.domain.severity import Severity

STEPS_TAKEN: Final = Counter(
    "action_steps_total", "Steps taken on actions through the API, by step.", ["step"]
)
CASE_STEPS: Final = Counter("case_steps_total", "Steps taken on cases through the API, by step.", ["step"])
CYCLE_TIME: Final = Histogram(
    "action_cycle_time_seconds",
    "From when an action was given to its completion, by whether that came by its due instant (early) or after it (late).",
    ["kind", "severity", "punctuality"],
    buckets=(
        3_600,
        14_400,
        86_400,
        172_800,
        259_200,
        432_000,
        604_800,
        1_209_600,
        2_592_000,
        5_184_000,
        7_776_000,
    ),
)

for step in Step:
    STEPS_TAKEN.labels(step.value)
for case_step in CaseStep:
    CASE_STEPS.labels(case_step.value)
for kind in KINDS:
    for severity in Severity:
        for punctuality in Punctuality:
            CYCLE_TIME.labels(kind, severity.value, punctuality.value)


def count_case_step(step: CaseStep) -> None:
    """Count a step of a case that was taken."""
    CASE_STEPS.labels(step.value).inc()


def count_step(step: Step, action: Action) -> None:
    """Count a step that was taken, and what a completion took."""
    STEPS_TAKEN.labels(step.value).inc()
    if step is Step.COMPLETE and action.completed_at is not None and action.punctuality is not None:
        taken = (action.completed_at - action.given_at).total_seconds()
        CYCLE_TIME.labels(action.kind, action.severity.value, action.punctuality.value).observe(taken)
