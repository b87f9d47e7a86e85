"""What notifier counts; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from notifier.domain.ladder import StepKind
from notifier.domain.notice import Silence
from notifier.domain.person import Channel

TIMERS_PENDING: Final = Gauge("timers_pending", "Timers that have not ended.")
TIMERS_DUE: Final = Gauge("timers_due", "Timers whose moment has come and that have not ended.")
TIMERS_STUCK: Final = Gauge("timers_stuck", "Timers that failed too often to be tried again.")
TIMER_OLDEST_DUE: Final = Gauge("timer_oldest_due_age_seconds", "How long the oldest due timer has waited.")
TIMER_LATENESS: Final = Histogram(
    "timer_lateness_seconds",
    "From when a timer was due, or was planned if that was later, to its firing.",
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400),
)
DEADLINES_OPEN: Final = Gauge("deadlines_open", "Deadlines that are neither met nor voided.")
DEADLINES_OVERDUE: Final = Gauge("deadlines_overdue", "Open deadlines whose due instant has passed.")
DELIVERIES_WAITING: Final = Gauge("deliveries_waiting", "Messages that are planned or wait for another try.")
DELIVERIES_SENDING: Final = Gauge("deliveries_sending", "Messages being sent now.")
ENDPOINT_DISABLED: Final = Gauge("endpoint_disabled", "Endpoints that were switched off.", ["endpoint_kind"])
NOTIFICATIONS: Final = Counter(
    "notifications_total", "Notices that ended, by what became of them.", ["kind", "channel", "outcome"]
)
PLANNED: Final = Counter("notifications_planned_total", "Notices written.")
UNROUTABLE: Final = Counter("notifications_unroutable_total", "Steps whose own addressee could not be told.")
SUPPRESSED: Final = Counter(
    "notifications_suppressed_total", "Notices dropped before sending, by reason.", ["reason"]
)
ATTEMPTS: Final = Counter(
    "delivery_attempts_total", "Attempts to deliver, by what came of them.", ["channel", "outcome", "reason"]
)
DURATION: Final = Histogram(
    "delivery_duration_seconds",
    "How long one attempt took.",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
)
CAUGHT_UP: Final = Gauge(
    "notifier_caught_up", "1 once what was in the log at start was read, and timers may fire."
)

for channel in Channel:
    DURATION.labels(channel)
    ATTEMPTS.labels(channel, "sent", "")
    for kind in StepKind:
        for outcome in ("sent", "failed"):
            NOTIFICATIONS.labels(kind, channel, outcome)
for reason in Silence:
    SUPPRESSED.labels(reason)
ENDPOINT_DISABLED.labels("webhook")
