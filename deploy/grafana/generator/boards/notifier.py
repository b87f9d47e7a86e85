"""Whether notifier's timers fire in time and its notices arrive."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row
from deploy.grafana.generator.promql import highest, of, per_hour, quantile, total
from deploy.grafana.generator.rows.consumers import consumers
from deploy.grafana.generator.rows.http import http
from deploy.grafana.generator.rows.outbox import outbox
from deploy.grafana.generator.rows.process import process

FAILED: Final = 'outcome!="sent"'


def _timers() -> Row:
    return Row(
        "Deadlines and timers",
        (
            Panel(
                title="Age of the oldest due timer",
                description="How long the timer that is due longest has waited to fire. Notices are at least that late.",
                unit="s",
                queries=(Query(highest(of("timer_oldest_due_age_seconds")), "oldest"),),
                runbook="timers-late",
                levels=(Level(60, "orange"), Level(600, "red")),
            ),
            Panel(
                title="Lateness of timers",
                description="Half and 99 % of timers fired within this time after their moment.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, "timer_lateness_seconds"), name)
                    for level, name in ((0.5, "half"), (0.99, "99 %"))
                ),
                runbook="overdue-notices-burn",
                levels=(Level(300, "red"),),
                may_be_empty="no quantile exists while no timer fires",
            ),
            Panel(
                title="Timers",
                description="Timers that have not ended, those of them that are due, and those that failed too often.",
                unit="short",
                queries=(
                    Query(highest(of("timers_pending")), "pending"),
                    Query(highest(of("timers_due")), "due"),
                    Query(highest(of("timers_stuck")), "stuck"),
                ),
                runbook="timers-stuck",
            ),
            Panel(
                title="Deadlines",
                description="Deadlines that are neither met nor voided, and those of them whose due instant has passed.",
                unit="short",
                queries=(
                    Query(highest(of("deadlines_open")), "open"),
                    Query(highest(of("deadlines_overdue")), "overdue"),
                ),
                runbook="README",
            ),
            Panel(
                title="Answered deadlines",
                description="Open deadlines whose notices were acknowledged or snoozed, while that counts. Their ladders go on.",
                unit="short",
                queries=(Query(highest(of("deadlines_answered"), by="answer"), "{{answer}}"),),
                runbook="README",
            ),
            Panel(
                title="Caught up",
                description="1 once a worker has read what was in the log when it started. Until then it sends nothing, since "
                "what it has not read may have ended a deadline.",
                unit="bool_yes_no",
                queries=(Query(of("notifier_caught_up"), "{{instance}}"),),
                runbook="notifier-not-caught-up",
            ),
            Panel(
                title="Violations found by the auditor",
                description="Open deadlines with a step that neither waits nor ended, timers that are tried no more, and timers and "
                "deliveries more than 10 minutes late, in the last audit.",
                unit="short",
                queries=(Query(highest(of("auditor_violations"), by="rule"), "{{rule}}"),),
                runbook="auditor-violations",
                levels=(Level(1, "red"),),
            ),
            Panel(
                title="Time since the last audit",
                description="How long ago the auditor last ended a whole audit.",
                unit="s",
                queries=(
                    Query(f"time() - {highest(of('auditor_last_success_timestamp_seconds'))}", "last audit"),
                ),
                runbook="auditor-not-run",
                levels=(Level(900, "red"),),
            ),
        ),
    )


def _deliveries() -> Row:
    return Row(
        "Notices and their delivery",
        (
            Panel(
                title="Notices planned",
                description="Notices written, per hour.",
                unit="short",
                queries=(Query(total(per_hour("notifications_planned_total")), "planned"),),
                runbook="overdue-notices-burn",
            ),
            Panel(
                title="Steps without an addressee",
                description="Steps of ladders per hour whose own addressee could not be told.",
                unit="short",
                queries=(Query(total(per_hour("notifications_unroutable_total")), "unroutable"),),
                runbook="notices-unroutable",
            ),
            Panel(
                title="Notices ended",
                description="Notices per hour, by what became of them.",
                unit="short",
                queries=(
                    Query(total(per_hour("notifications_total"), by="kind, outcome"), "{{kind}} {{outcome}}"),
                ),
                runbook="notices-given-up",
            ),
            Panel(
                title="Notices dropped before sending",
                description="Notices per hour that were no longer true when they were to be sent, by reason.",
                unit="short",
                queries=(
                    Query(total(per_hour("notifications_suppressed_total"), by="reason"), "{{reason}}"),
                ),
                runbook="notices-given-up",
            ),
            Panel(
                title="Attempts to deliver",
                description="Attempts per hour: sent; try_later, which may pass; gave_up, which will not.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("delivery_attempts_total"), by="channel, outcome"),
                        "{{channel}} {{outcome}}",
                    ),
                ),
                runbook="notice-delivery-burn",
            ),
            Panel(
                title="Failed attempts by reason",
                description="Attempts per hour that failed, by channel and reason.",
                unit="short",
                queries=(
                    Query(
                        f"{total(per_hour('delivery_attempts_total', FAILED), by='channel, reason')} > 0",
                        "{{channel}}: {{reason}}",
                    ),
                ),
                runbook="notices-given-up",
                may_be_empty="nothing fails in a healthy system",
            ),
            Panel(
                title="Age of the oldest waiting message",
                description="How long the message whose moment has come has waited longest for its next try.",
                unit="s",
                queries=(Query(highest(of("delivery_oldest_due_age_seconds")), "oldest"),),
                runbook="deliveries-late",
                levels=(Level(60, "orange"), Level(600, "red")),
            ),
            Panel(
                title="Time of an attempt",
                description="95 % of attempts to deliver took no longer, by channel.",
                unit="s",
                queries=(Query(quantile(0.95, "delivery_duration_seconds", by="channel"), "{{channel}}"),),
                runbook="notices-given-up",
                may_be_empty="no quantile exists while nothing is sent",
            ),
            Panel(
                title="Messages under way",
                description="Messages that are planned or wait for another try, those being sent, and webhooks switched off.",
                unit="short",
                queries=(
                    Query(highest(of("deliveries_waiting")), "waiting"),
                    Query(highest(of("deliveries_sending")), "being sent"),
                    Query(
                        highest(of("endpoint_disabled"), by="endpoint_kind"), "{{endpoint_kind}} switched off"
                    ),
                ),
                runbook="endpoint-disabled",
            ),
        ),
    )


NOTIFIER: Final = Dashboard(
    uid="redress-notifier",
    title="Redress notifier",
    description="The service that watches deadlines and tells people.",
    folder="Redress-operations",
    variables=(JobVariable('build_info{service="notifier"}', everything="notifier"),),
    rows=(_timers(), _deliveries(), http(), outbox(), consumers(), process()),
)
