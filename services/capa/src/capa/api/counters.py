"""What the API counts; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter, Histogram

from capa.domain.action import KINDS, Action, Punctuality, Step
from capa.domain.case.case import Step as CaseStep
from capa.domain.report.document import Kind as ReportKind
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

REPORT_TIME: Final = Histogram(
    "report_duration_seconds",
    "From when a report was asked for to when it was written, with the wait for its turn, by kind and form; its count is that "
    "of reports written.",
    ["kind", "form"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90),
)
REPORT_FAILURES: Final = Counter(
    "report_failures_total",
    "Reports that were not written, by kind and form: too large for a PDF, no turn in time, or a fault of this service.",
    ["kind", "form", "reason"],
)
REPORT_FORMS: Final = ("html", "pdf")
REPORT_REASONS: Final = ("report_too_large", "report_not_now", "fault")

for step in Step:
    STEPS_TAKEN.labels(step.value)
for case_step in CaseStep:
    CASE_STEPS.labels(case_step.value)
for kind in KINDS:
    for severity in Severity:
        for punctuality in Punctuality:
            CYCLE_TIME.labels(kind, severity.value, punctuality.value)
for report in ReportKind:
    for form in REPORT_FORMS:
        REPORT_TIME.labels(report.value, form)
        for reason in REPORT_REASONS:
            REPORT_FAILURES.labels(report.value, form, reason)


def count_case_step(step: CaseStep) -> None:
    """Count a step of a case that was taken."""
    CASE_STEPS.labels(step.value).inc()


def count_step(step: Step, action: Action) -> None:
    """Count a step that was taken, and what a completion took."""
    STEPS_TAKEN.labels(step.value).inc()
    if step is Step.COMPLETE and action.completed_at is not None and action.punctuality is not None:
        taken = (action.completed_at - action.given_at).total_seconds()
        CYCLE_TIME.labels(action.kind, action.severity.value, action.punctuality.value).observe(taken)
