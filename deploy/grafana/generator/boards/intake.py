"""What intake takes in, from requests and from files."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row
from deploy.grafana.generator.promql import highest, of, per_hour, rate, total
from deploy.grafana.generator.rows.consumers import consumers
from deploy.grafana.generator.rows.http import http
from deploy.grafana.generator.rows.outbox import outbox
from deploy.grafana.generator.rows.process import process


def _complaints() -> Row:
    return Row(
        "Complaints",
        (
            Panel(
                title="Complaints handed over",
                description="Complaints per hour through the API, by what each came to: received is new; amended changed a known one; "
                "unchanged and stale changed nothing.",
                unit="short",
                queries=(Query(total(per_hour("complaints_received_total"), by="outcome"), "{{outcome}}"),),
                runbook="requests-failing",
            ),
            Panel(
                title="Requests repeated with the same Idempotency-Key",
                description="Requests per hour that were answered again rather than done again. Many of them say that a "
                "client does not get our answers.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("idempotency_replays_total"), by="outcome"),
                        "{{outcome}} the first time",
                    ),
                ),
                runbook="intake-latency-burn",
            ),
            Panel(
                title="Rows of imports",
                description="Rows per second of uploaded files, by what came of them. Rejected rows can be fetched with their "
                "reasons.",
                unit="cps",
                queries=(Query(total(rate("bulk_import_rows_total"), by="outcome"), "{{outcome}}"),),
                runbook="import-stuck",
            ),
            Panel(
                title="Imports that have not ended",
                description="Imports whose file is being received, that are queued, and that run.",
                unit="short",
                queries=(Query(highest(of("bulk_imports_open"), by="state"), "{{state}}"),),
                runbook="import-stuck",
            ),
            Panel(
                title="Standstill of imports",
                description="How long the open import that waits for longest has not got on. Queued ones count only while none "
                "runs.",
                unit="s",
                queries=(Query(highest(of("bulk_import_progress_age_seconds")), "longest"),),
                runbook="import-stuck",
                levels=(Level(300, "orange"), Level(900, "red")),
            ),
        ),
    )


def _finding() -> Row:
    return Row(
        "Finding",
        (
            Panel(
                title="Reads of personal data",
                description="Lists, searches and exports per hour that showed who complains. The log says who read them "
                "(event personal_data_read).",
                unit="short",
                queries=(
                    Query(total(per_hour("personal_data_reads_total"), by="operation"), "{{operation}}"),
                ),
                runbook="requests-failing",
            ),
            Panel(
                title="Exports",
                description="Exports of complaints per hour, by how they ended: complete, cut at the limit, abandoned by the "
                "client, or failed.",
                unit="short",
                queries=(Query(total(per_hour("complaint_exports_total"), by="outcome"), "{{outcome}}"),),
                runbook="requests-failing",
            ),
            Panel(
                title="Complaints exported",
                description="Complaints per second that are written into exports, by format.",
                unit="cps",
                queries=(Query(total(rate("complaint_export_rows_total"), by="format"), "{{format}}"),),
                runbook="requests-failing",
            ),
        ),
    )


INTAKE: Final = Dashboard(
    uid="redress-intake",
    title="Redress intake",
    description="The service that takes complaints in.",
    folder="Redress-operations",
    variables=(JobVariable('build_info{service="intake"}', everything="intake"),),
    rows=(_complaints(), _finding(), http(), outbox(), consumers(), process()),
)
