"""What capa decides about complaints, and what its actions go through."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Panel, Query, Row
from deploy.grafana.generator.promql import highest, of, per_hour, quantile, total
from deploy.grafana.generator.rows.consumers import consumers
from deploy.grafana.generator.rows.http import http
from deploy.grafana.generator.rows.outbox import outbox
from deploy.grafana.generator.rows.process import process


def _actions() -> Row:
    return Row(
        "Triage and actions",
        (
            Panel(
                title="Triage decisions",
                description="Complaints decided about, per hour: raised opened a nonconformity, linked joined one, declined did "
                "neither.",
                unit="short",
                queries=(Query(total(per_hour("triage_decisions_total"), by="outcome"), "{{outcome}}"),),
                runbook="events-late",
            ),
            Panel(
                title="Open actions",
                description="Open actions, by whether their due instant has passed.",
                unit="short",
                queries=(
                    Query(
                        highest(total(of("actions_open"), by="instance, overdue"), by="overdue"),
                        "overdue: {{overdue}}",
                    ),
                ),
                runbook="README",
                stacked=True,
            ),
            Panel(
                title="Open nonconformities",
                description="Requirements not met whose nonconformity is open.",
                unit="short",
                queries=(Query(highest(total(of("nonconformities_open"), by="instance")), "open"),),
                runbook="README",
            ),
            Panel(
                title="Steps taken on actions",
                description="Steps per hour that people took on actions.",
                unit="short",
                queries=(Query(total(per_hour("action_steps_total"), by="step"), "{{step}}"),),
                runbook="README",
            ),
            Panel(
                title="Triage again after an assessment",
                description="Decisions per hour that were taken again once a complaint was assessed, by what they came to. Raised and "
                "linked are also those that belonged to a nonconformity before.",
                unit="short",
                queries=(Query(total(per_hour("triage_reviews_total"), by="outcome"), "{{outcome}}"),),
                runbook="README",
            ),
            Panel(
                title="Breaches told by notifier",
                description="Breaches per hour. Heeded: capa agrees that the action is late. Ignored: it was done in time, or its due time moved; "
                "many of these say that events between the services are late.",
                unit="short",
                queries=(Query(total(per_hour("action_breaches_total"), by="outcome"), "{{outcome}}"),),
                runbook="events-late",
            ),
            Panel(
                title="Time to the decision of triage",
                description="Half and 95 % of complaints were decided about within this time after they reached the organisation, "
                "as shown by the widths of the histogram's classes.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, "complaint_time_to_triage_seconds"), name)
                    for level, name in ((0.5, "half"), (0.95, "95 %"))
                ),
                runbook="events-late",
                may_be_empty="no quantile exists while nothing is decided",
            ),
        ),
    )


def _cases() -> Row:
    return Row(
        "Cases",
        (
            Panel(
                title="Open cases",
                description="Corrective-action cases that are not ended, by state.",
                unit="short",
                queries=(
                    Query(highest(total(of("cases_open"), by="instance, state"), by="state"), "{{state}}"),
                ),
                runbook="README",
                stacked=True,
            ),
            Panel(
                title="Overdue cases",
                description="Cases of which a clock has run out, by whether it has.",
                unit="short",
                queries=(
                    Query(
                        highest(total(of("cases_open"), by="instance, overdue"), by="overdue"),
                        "overdue: {{overdue}}",
                    ),
                ),
                runbook="README",
            ),
            Panel(
                title="Steps taken on cases",
                description="Steps per hour that people took on cases.",
                unit="short",
                queries=(Query(total(per_hour("case_steps_total"), by="step"), "{{step}}"),),
                runbook="README",
            ),
            Panel(
                title="Ended windows of monitoring",
                description="Windows per hour whose end asked for a review of the effect.",
                unit="short",
                queries=(Query(total(per_hour("case_monitoring_ended_total")), "ended"),),
                runbook="README",
            ),
            Panel(
                title="Recurrences of closed cases",
                description="Closed cases per hour whose trouble was found to have come back, by what is proposed.",
                unit="short",
                queries=(Query(total(per_hour("case_recurrences_total"), by="proposal"), "{{proposal}}"),),
                runbook="README",
            ),
        ),
    )


def _reports() -> Row:
    return Row(
        "Reports",
        (
            Panel(
                title="Reports written",
                description="8D reports and management-review packs per hour, by kind and form.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("report_duration_seconds_count"), by="kind, form"),
                        "{{kind}}, {{form}}",
                    ),
                ),
                runbook="README",
                stacked=True,
            ),
            Panel(
                title="Reports not written",
                description="Reports per hour that were refused or failed, by why: too large for a PDF, no turn in time while others "
                "were set, or a fault of the service.",
                unit="short",
                queries=(Query(total(per_hour("report_failures_total"), by="reason"), "{{reason}}"),),
                runbook="README",
            ),
            Panel(
                title="Time to write a PDF",
                description="Half and 95 % of PDFs were written within this time, the wait for a turn among it, as shown by the widths of "
                "the histogram's classes.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, "report_duration_seconds", 'form="pdf"'), name)
                    for level, name in ((0.5, "half"), (0.95, "95 %"))
                ),
                runbook="README",
                may_be_empty="no quantile exists while no PDF is written",
            ),
        ),
    )


CAPA: Final = Dashboard(
    uid="redress-capa",
    title="Redress capa",
    description="The service of nonconformities and corrective actions.",
    folder="Redress-operations",
    variables=(JobVariable('build_info{service="capa"}', everything="capa"),),
    rows=(_actions(), _cases(), _reports(), http(), outbox(), consumers(), process()),
)
