"""The first page, which answers whether anything is stuck, late or lost, and whether the objectives are kept."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row, Shape
from deploy.grafana.generator.promql import (
    grown,
    highest,
    lowest,
    of,
    per_hour,
    quantile,
    rate,
    ratio,
    total,
    within,
)

AT_ALL: Final = (Level(1, "red"),)


def _should_be_low(
    title: str,
    description: str,
    query: str,
    runbook: str,
    *,
    levels: tuple[Level, ...] = AT_ALL,
    unit: str = "short",
) -> Panel:
    """Give a small panel of one number, green while it is low."""
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries=(Query(query),),
        runbook=runbook,
        shape=Shape.STAT,
        width=4,
        height=4,
        levels=levels,
    )


def _objective(
    title: str, description: str, query: str, runbook: str, goal: float, *, why_empty: str
) -> Panel:
    """Give a small panel of a share that should reach its goal."""
    return Panel(
        title=title,
        description=description,
        unit="percentunit",
        decimals=2,
        queries=(Query(query),),
        runbook=runbook,
        shape=Shape.STAT,
        width=4,
        height=4,
        colour="red",
        levels=(Level(goal, "green"),),
        may_be_empty=why_empty,
    )


def _stuck() -> Row:
    silent = f"time() - min({of('consumer_last_poll_timestamp_seconds')})"
    return Row(
        "Is anything stuck?",
        (
            _should_be_low(
                "Processes down",
                "Processes that Prometheus could not scrape at its last try.",
                f"count({of('up')} == 0) or vector(0)",
                "instance-down",
            ),
            _should_be_low(
                "Dependencies away",
                "Databases and transports that did not answer a process's last check. While Kafka is away, complaints are "
                "still accepted.",
                f"count({of('dependency_up')} == 0) or vector(0)",
                "dependency-down",
            ),
            _should_be_low(
                "Oldest unannounced event",
                "How long the event that waits longest in any outbox has waited.",
                highest(of("outbox_oldest_pending_age_seconds")),
                "outbox-stale",
                levels=(Level(60, "orange"), Level(300, "red")),
                unit="s",
            ),
            _should_be_low(
                "Keys held back",
                "Keys and topics whose events the transport refuses until somebody puts it right.",
                total(highest(of("outbox_held"), by="job")),
                "outbox-held",
            ),
            _should_be_low(
                "Timers stuck",
                "Timers that failed too often to be tried again: nobody is told of their deadlines until somebody looks.",
                highest(of("timers_stuck")),
                "timers-stuck",
            ),
            _should_be_low(
                "Longest silence of a group",
                "Time since the consumer group that has been silent longest looked for events.",
                silent,
                "consumer-not-polling",
                levels=(Level(60, "red"),),
                unit="s",
            ),
        ),
    )


def _late() -> Row:
    return Row(
        "Is anything late?",
        (
            _should_be_low(
                "Actions overdue",
                "Open actions whose due instant has passed. This is work that is late, not a fault of the system; the business "
                "dashboard tells whose.",
                highest(total(of("actions_open", 'overdue="true"'), by="instance")),
                "README",
                levels=(Level(1, "yellow"),),
            ),
            _should_be_low(
                "Deadlines overdue",
                "Open deadlines of any kind whose due instant has passed.",
                highest(of("deadlines_overdue")),
                "README",
                levels=(Level(1, "yellow"),),
            ),
            _should_be_low(
                "Oldest due timer",
                "How long the timer that is due longest has waited to fire. Reminders and notices of breaches are that late.",
                highest(of("timer_oldest_due_age_seconds")),
                "timers-late",
                levels=(Level(60, "orange"), Level(600, "red")),
                unit="s",
            ),
            _should_be_low(
                "Oldest waiting message",
                "How long the mail or webhook whose moment has come has waited longest for its next try.",
                highest(of("delivery_oldest_due_age_seconds")),
                "deliveries-late",
                levels=(Level(60, "orange"), Level(600, "red")),
                unit="s",
            ),
            _should_be_low(
                "Events on the way",
                "Events that all groups have still to take up. Look at whether it grows.",
                total(highest(of("consumer_lag_messages"), by="group, topic, partition")),
                "consumer-stuck",
                levels=(Level(1000, "orange"),),
            ),
            _should_be_low(
                "Oldest transaction",
                "How long the database transaction that is open longest has been open. One that is held for long slows the "
                "search for due timers.",
                highest(of("database_oldest_transaction_age_seconds")),
                "database-transaction-old",
                levels=(Level(60, "orange"), Level(300, "red")),
                unit="s",
            ),
        ),
    )


def _lost() -> Row:
    state = "consumer_parked_messages"
    return Row(
        "Is anything lost?",
        (
            _should_be_low(
                "Dead letters",
                "Events that could not be used. Nothing is lost: each waits, with the later ones of its key behind it, until a "
                "person retries or discards it.",
                total(highest(of(state, 'state="dead"'), by="job")),
                "dead-letters-present",
            ),
            _should_be_low(
                "Events parked",
                "Events that wait to be tried again, or behind an earlier one of their key.",
                total(highest(of(state, 'state="parked"'), by="job")),
                "parked-events-rising",
                levels=(Level(1, "yellow"),),
            ),
            _should_be_low(
                "Notices without an addressee",
                "Steps of a ladder, in the time range, whose own addressee could not be told. Somebody else was told instead.",
                total(grown("notifications_unroutable_total")),
                "notices-unroutable",
                levels=(Level(0.5, "red"),),
            ),
            _should_be_low(
                "Notices that failed",
                "Notices, in the time range, that the recipient's side refused or that failed at every try.",
                total(grown("notifications_total", 'outcome=~"failed|refused"')),
                "notices-given-up",
                levels=(Level(0.5, "red"),),
            ),
            _should_be_low(
                "Endpoints switched off",
                "Webhooks that failed for so long that nothing is sent to them any more.",
                total(highest(of("endpoint_disabled"), by="endpoint_kind")),
                "endpoint-disabled",
            ),
            _should_be_low(
                "Violations found by the auditor",
                "What breaks the rules by which every open deadline tells somebody in time.",
                total(highest(of("auditor_violations"), by="rule")),
                "auditor-violations",
            ),
        ),
    )


def _objectives() -> Row:
    requests, errors = "http_server_request_duration_seconds_count", 'http_response_status_code=~"5.."'
    intake = 'job="intake"'
    return Row(
        "Are the objectives kept? (over the time range)",
        (
            _objective(
                "Intake answers",
                "Share of requests to intake that were answered without an error of the server. Objective: 99.9 %.",
                f"1 - {ratio(total(grown(requests, intake, errors)), total(grown(requests, intake)))}",
                "intake-availability-burn",
                0.999,
                why_empty="no share exists while nothing is asked",
            ),
            _objective(
                "Intake answers fast",
                "Share of requests to intake that were answered within 300 ms; uploads of files are left out. Objective: 95 %.",
                within("0.3", "http_server_request_duration_seconds", intake, 'http_route!="/v1/imports"'),
                "intake-latency-burn",
                0.95,
                why_empty="no share exists while nothing is asked",
            ),
            _objective(
                "Events take effect in time",
                "Share of events whose effect was committed within 60 s after they were recorded. Objective: 99 %.",
                within("60", "consumer_event_age_seconds"),
                "event-propagation-burn",
                0.99,
                why_empty="no share exists while nothing is heard",
            ),
            _objective(
                "Timers fire in time",
                "Share of timers that fired within 5 min of their moment. Objective: 99 %.",
                within("300", "timer_lateness_seconds"),
                "overdue-notices-burn",
                0.99,
                why_empty="no share exists while no timer fires",
            ),
            _objective(
                "Notices are delivered",
                "Share of attempts to deliver that succeeded; what the recipient's side refuses for good is left out. Objective: "
                "99.5 %.",
                ratio(
                    total(grown("delivery_attempts_total", 'outcome="sent"')),
                    total(grown("delivery_attempts_total", 'outcome=~"sent|try_later"')),
                ),
                "notice-delivery-burn",
                0.995,
                why_empty="no share exists while nothing is sent",
            ),
            Panel(
                title="Least error budget left",
                description="Of the bad events that an objective allows in 30 days, the share that is left, of the objective "
                "that has least. Below 0 the objective is missed.",
                unit="percentunit",
                queries=(
                    Query(
                        lowest(of("slo:error_budget_left:ratio30d")),
                    ),
                ),
                runbook="error-budget-spent",
                shape=Shape.STAT,
                width=4,
                height=4,
                decimals=0,
                colour="red",
                levels=(Level(0, "orange"), Level(0.25, "green")),
                may_be_empty="recorded every few minutes, from the first events on",
            ),
        ),
    )


def _course() -> Row:
    return Row(
        "How it went",
        (
            Panel(
                title="Complaints received",
                description="New complaints per hour, by how they came in.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("complaints_received_total", 'outcome="received"'), by="channel"),
                        "{{channel}}",
                    ),
                ),
                runbook="requests-failing",
            ),
            Panel(
                title="Server errors",
                description="Answers with a status of 500 or above, per second.",
                unit="reqps",
                queries=(
                    Query(
                        total(
                            rate(
                                "http_server_request_duration_seconds_count",
                                'http_response_status_code=~"5.."',
                            ),
                            by="job",
                        ),
                        "{{job}}",
                    ),
                ),
                runbook="requests-failing",
            ),
            Panel(
                title="Age of events when they take effect",
                description="99 % of events were younger than this when their effect was committed.",
                unit="s",
                queries=(
                    Query(
                        quantile(0.99, "consumer_event_age_seconds", by="job, topic"), "{{job}} on {{topic}}"
                    ),
                ),
                runbook="events-late",
                levels=(Level(60, "red"),),
                may_be_empty="no quantile exists while nothing is heard",
            ),
            Panel(
                title="Events waiting in the outboxes",
                description="Events that are committed and not yet announced, by service.",
                unit="short",
                queries=(Query(highest(of("outbox_pending_messages"), by="job"), "{{job}}"),),
                runbook="outbox-stale",
            ),
            Panel(
                title="Events not yet heard",
                description="Events that each group has still to take up.",
                unit="short",
                queries=(
                    Query(
                        total(highest(of("consumer_lag_messages"), by="group, topic, partition"), by="group"),
                        "{{group}}",
                    ),
                ),
                runbook="consumer-stuck",
            ),
            Panel(
                title="Alerts",
                description="Alerts that fire now, other than the one that always does.",
                unit="none",
                queries=(
                    Query('count by (alertname, severity) (ALERTS{alertstate="firing", severity!="none"})'),
                ),
                runbook="README",
                shape=Shape.TABLE,
                may_be_empty="nothing fires in a healthy system",
            ),
        ),
    )


OVERVIEW: Final = Dashboard(
    uid="redress-overview",
    title="Redress overview",
    description="Is anything stuck, late or lost, and are the objectives kept?",
    folder="Redress-operations",
    variables=(JobVariable("build_info", everything="intake|capa|notifier"),),
    rows=(_stuck(), _late(), _lost(), _objectives(), _course()),
)
