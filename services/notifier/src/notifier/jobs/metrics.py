"""What notifier counts; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from events.worker_metrics import SAME_IN_ALL, WORKER
from notifier.domain.answer import AnswerKind
from notifier.domain.audit import Finding
from notifier.domain.ladder import StepKind
from notifier.domain.notice import Silence
from notifier.domain.person import Channel
from notifier.jobs.reasons import NO_REASON, REASONS

_IN: Final = WORKER.registry

TIMERS_PENDING: Final = Gauge(
    "timers_pending", f"Timers that have not ended and are not stuck. {SAME_IN_ALL}", registry=_IN
)
TIMERS_DUE: Final = Gauge(
    "timers_due",
    f"Timers whose moment has come and that have not ended; stuck ones are left out. {SAME_IN_ALL}",
    registry=_IN,
)
TIMERS_STUCK: Final = Gauge(
    "timers_stuck", f"Timers that failed too often to be tried again. {SAME_IN_ALL}", registry=_IN
)
TIMER_OLDEST_DUE: Final = Gauge(
    "timer_oldest_due_age_seconds",
    "How long the oldest due timer has waited, since it was due or was planned if that was later; 0 without one. "
    f"{SAME_IN_ALL}",
    registry=_IN,
)
TIMER_LATENESS: Final = Histogram(
    "timer_lateness_seconds",
    "From when a timer was due, or was planned if that was later, to its firing.",
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400),
    registry=_IN,
)
DEADLINES_OPEN: Final = Gauge(
    "deadlines_open", f"Deadlines that are neither met nor voided. {SAME_IN_ALL}", registry=_IN
)
DEADLINES_OVERDUE: Final = Gauge(
    "deadlines_overdue", f"Open deadlines whose due instant has passed. {SAME_IN_ALL}", registry=_IN
)
DEADLINES_ANSWERED: Final = Gauge(
    "deadlines_answered",
    "Open deadlines whose notices were acknowledged, or snoozed, in their present generation, while that counts. "
    f"{SAME_IN_ALL}",
    ["answer"],
    registry=_IN,
)
DELIVERIES_WAITING: Final = Gauge(
    "deliveries_waiting", f"Messages that are planned or wait for another try. {SAME_IN_ALL}", registry=_IN
)
DELIVERIES_SENDING: Final = Gauge(
    "deliveries_sending", f"Messages that are being sent. {SAME_IN_ALL}", registry=_IN
)
DELIVERY_OLDEST_DUE: Final = Gauge(
    "delivery_oldest_due_age_seconds",
    f"How long the oldest message whose moment has come has waited for its next try; 0 without one. {SAME_IN_ALL}",
    registry=_IN,
)
ENDPOINT_DISABLED: Final = Gauge(
    "endpoint_disabled",
    f"Endpoints that were switched off because their receiver wants no more. {SAME_IN_ALL}",
    ["endpoint_kind"],
    registry=_IN,
)
NOTIFICATIONS: Final = Counter(
    "notifications_total",
    "Notices that ended: sent; refused, finally, by the recipient's side or for want of a way to reach them; failed, after "
    "every try. Those dropped before are in notifications_suppressed_total.",
    ["kind", "channel", "outcome"],
    registry=_IN,
)
PLANNED: Final = Counter(
    "notifications_planned_total",
    "Notices that timers led to, one for each recipient and channel.",
    registry=_IN,
)
UNROUTABLE: Final = Counter(
    "notifications_unroutable_total",
    "Steps of ladders whose own addressee could not be told, by who was told instead: the fallback person, or nobody.",
    ["told"],
    registry=_IN,
)
SUPPRESSED: Final = Counter(
    "notifications_suppressed_total",
    "Notices dropped before sending since their deadline was met, voided, set anew, acknowledged or snoozed.",
    ["reason"],
    registry=_IN,
)
ATTEMPTS: Final = Counter(
    "delivery_attempts_total",
    "Attempts to deliver a message: sent; try_later, which may pass; gave_up, which will not. Reasons are codes, those of "
    "HTTP and SMTP by class.",
    ["channel", "outcome", "reason"],
    registry=_IN,
)
DURATION: Final = Histogram(
    "delivery_duration_seconds",
    "How long one attempt took, whatever came of it.",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
    registry=_IN,
)
CAUGHT_UP: Final = Gauge(
    "notifier_caught_up",
    "1 once this process has read what was in the log at its start, and its timers may fire; else 0.",
    registry=_IN,
)
VIOLATIONS: Final = Gauge(
    "auditor_violations",
    "What the last audit found against the rules: step_missing, open deadlines with a step that neither waits nor ended; "
    "timer_stuck; timer_late and delivery_late, more than 10 minutes after their moment. "
    f"{SAME_IN_ALL}",
    ["rule"],
    registry=_IN,
)
AUDITED: Final = Gauge(
    "auditor_last_success_timestamp_seconds",
    "When this process last ended a whole audit, in Unix time, whatever it found; 0 until it first does. Any replica's "
    "will do: aggregate with max.",
    registry=_IN,
)

for channel in Channel:
    DURATION.labels(channel)
    ATTEMPTS.labels(channel, "sent", NO_REASON)
    for reason in REASONS:
        for outcome in ("try_later", "gave_up"):
            ATTEMPTS.labels(channel, outcome, reason)
    for kind in StepKind:
        for outcome in ("sent", "refused", "failed"):
            NOTIFICATIONS.labels(kind, channel, outcome)
for answer in AnswerKind:
    DEADLINES_ANSWERED.labels(answer)
for silence in Silence:
    SUPPRESSED.labels(silence)
for finding in Finding:
    VIOLATIONS.labels(finding)
for told in ("fallback", "nobody"):
    UNROUTABLE.labels(told)
ENDPOINT_DISABLED.labels("webhook")
