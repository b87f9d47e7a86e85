"""What the consumers count; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter, Histogram

from capa.domain.groups import Groups
from capa.domain.severity import Severity
from capa.domain.triage import Outcome
from events.worker_metrics import WORKER

DECISIONS: Final = Counter(
    "triage_decisions_total",
    "Complaints that triage decided about, historical ones too, by what became of them, severity and product: the first "
    "pattern of the triage policy's assignments that matches, else other.",
    ["outcome", "severity", "product"],
    registry=WORKER.registry,
)
TIME_TO_TRIAGE: Final = Histogram(
    "complaint_time_to_triage_seconds",
    "From when a complaint reached the organisation to the decision of triage, which for a raised one is also when its "
    "first action was given; historical complaints are left out.",
    ["outcome", "severity"],
    buckets=(1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 259_200, 604_800, 2_592_000),
    registry=WORKER.registry,
)
REVIEWS: Final = Counter(
    "triage_reviews_total",
    "Decisions that triage took again after an assessment, by what they came to: raised and linked also where the complaint "
    "belonged to a nonconformity before.",
    ["outcome"],
    registry=WORKER.registry,
)
BREACHES: Final = Counter(
    "action_breaches_total",
    "Breaches that notifier saw: heeded where the action is open and the deadline its present one, else ignored.",
    ["outcome"],
    registry=WORKER.registry,
)

for outcome in Outcome:
    REVIEWS.labels(outcome.value)
    for severity in Severity:
        TIME_TO_TRIAGE.labels(outcome.value, severity.value)
for heeded in ("heeded", "ignored"):
    BREACHES.labels(heeded)


def prepare(groups: Groups) -> None:
    """Put the decisions at 0 for every group of products."""
    for outcome in Outcome:
        for severity in Severity:
            for product in groups.products:
                DECISIONS.labels(outcome.value, severity.value, product)
