"""What intake takes in, from requests and from files."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row
from deploy.grafana.generator.promql import highest, of, per_hour, quantile, rate, total
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
                title="Steps of complaints",
                description="Steps per hour that people and sources took on complaints through the API, by step.",
                unit="short",
                queries=(
                    Query(total(per_hour("complaint_steps_total", 'outcome="taken"'), by="step"), "{{step}}"),
                ),
                runbook="README",
            ),
            Panel(
                title="Steps of complaints that a rule refused",
                description="Steps per hour that were refused, by step. Each answer says what is missing; many of one step say that "
                "people do not know what it needs.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("complaint_steps_total", 'outcome="refused"'), by="step"), "{{step}}"
                    ),
                ),
                runbook="README",
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


def _clocks() -> Row:
    return Row(
        "Clocks",
        (
            Panel(
                title="Overdue clocks",
                description="Clocks of complaints that run although their due instant has passed, by what they are for.",
                unit="short",
                queries=(Query(highest(of("complaint_clocks_overdue"), by="clock"), "{{clock}}"),),
                runbook="regulatory-clock-overdue",
            ),
            Panel(
                title="Clocks that ended",
                description="Clocks per hour that were met in time, missed (done late, or stopped when it was late already), or "
                "voided, by what they are for.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("complaint_clocks_ended_total"), by="clock, verdict"),
                        "{{clock}} {{verdict}}",
                    ),
                ),
                runbook="regulatory-clock-overdue",
            ),
            Panel(
                title="Breaches told by notifier",
                description="Breaches of complaints' clocks per hour that intake noted, or ignored because they were met, paused "
                "or counted anew meanwhile.",
                unit="short",
                queries=(
                    Query(total(per_hour("complaint_clock_breaches_total"), by="outcome"), "{{outcome}}"),
                ),
                runbook="regulatory-clock-overdue",
            ),
        ),
    )


def _attachments() -> Row:
    return Row(
        "Attachments",
        (
            Panel(
                title="Files handed over",
                description="Files per hour, by what came of each: stored is new; unchanged and replayed were there; refused "
                "broke a rule about size, type, checksum or name.",
                unit="short",
                queries=(Query(total(per_hour("attachment_uploads_total"), by="outcome"), "{{outcome}}"),),
                runbook="attachment-store-away",
            ),
            Panel(
                title="Bytes stored",
                description="Bytes per second of the files that were stored.",
                unit="Bps",
                queries=(Query(total(rate("attachment_uploaded_bytes_total")), "stored"),),
                runbook="attachment-store-away",
            ),
            Panel(
                title="Downloads",
                description="Contents of attachments per hour that were sent, parts too.",
                unit="short",
                queries=(Query(total(per_hour("attachment_downloads_total")), "sent"),),
                runbook="attachment-store-away",
            ),
            Panel(
                title="Failures of the store",
                description="Requests and sweeps per hour that found the store of attachments away, or a content missing.",
                unit="short",
                queries=(
                    Query(total(per_hour("attachment_storage_failures_total"), by="reason"), "{{reason}}"),
                    Query(total(per_hour("attachment_sweep_failures_total")), "sweep"),
                ),
                runbook="attachment-store-away",
            ),
            Panel(
                title="Contents swept away",
                description="Contents per hour that the sweep removed: of uploads that came to nothing, and of deleted "
                "attachments while the store had been away.",
                unit="short",
                queries=(
                    Query(total(per_hour("attachment_contents_swept_total"), by="reason"), "{{reason}}"),
                ),
                runbook="attachment-store-away",
            ),
        ),
    )


def _finding() -> Row:
    return Row(
        "Finding",
        (
            Panel(
                title="Complaints that wait to be indexed",
                description="Complaints whose words are not in the index of searches yet. Searches read the first 1,000 of them as "
                "they are.",
                unit="short",
                queries=(Query(highest(of("complaints_unindexed")), "waiting"),),
                runbook="search-behind",
                levels=(Level(1_000, "orange"),),
            ),
            Panel(
                title="Lag of the index",
                description="How long the complaint that waits for longest has waited to be indexed.",
                unit="s",
                queries=(Query(highest(of("complaints_unindexed_age_seconds")), "longest"),),
                runbook="search-behind",
                levels=(Level(10, "orange"), Level(60, "red")),
            ),
            Panel(
                title="Complaints indexed",
                description="Complaints per second whose words are written where searches look for them.",
                unit="cps",
                queries=(Query(total(rate("complaints_indexed_total")), "indexed"),),
                runbook="search-behind",
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


def _personal_data() -> Row:
    return Row(
        "Personal data",
        (
            Panel(
                title="Reads of personal data",
                description="Answers per hour that showed personal data. Who read what of a complaint is on record: "
                "GET /v1/complaints/{reference}/personal-reads.",
                unit="short",
                queries=(
                    Query(total(per_hour("personal_data_reads_total"), by="operation"), "{{operation}}"),
                ),
                runbook="requests-failing",
            ),
            Panel(
                title="Erasures",
                description="Complaints per hour whose personal data somebody asked to erase, by what came of it, and those that "
                "retention erased.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("complaint_erasures_requested_total"), by="outcome"),
                        "asked for: {{outcome}}",
                    ),
                    Query(total(per_hour("retention_erasures_total")), "by retention"),
                    Query(total(per_hour("retention_failures_total")), "failed runs of retention"),
                ),
                runbook="retention-failing",
            ),
            Panel(
                title="Kept by a hold",
                description="Complaints that retention would have erased in its last run, were they not held.",
                unit="short",
                queries=(Query(highest(of("retention_held_complaints")), "held"),),
                runbook="retention-failing",
            ),
            Panel(
                title="Inspection packs",
                description="Inspection packs per hour, by format.",
                unit="short",
                queries=(Query(total(per_hour("inspection_packs_total"), by="format"), "{{format}}"),),
                runbook="requests-failing",
            ),
        ),
    )


def _crm() -> Row:
    return Row(
        "CRM",
        (
            Panel(
                title="Changes told",
                description="Changes of complaints per second that got their place in the feed, by type.",
                unit="cps",
                queries=(Query(total(rate("complaint_changes_published_total"), by="type"), "{{type}}"),),
                runbook="complaint-changes-stuck",
            ),
            Panel(
                title="Changes not told yet",
                description="Changes of complaints that wait for their place in the feed. It stands near 0 while the worker runs.",
                unit="short",
                queries=(Query(highest(of("complaint_changes_queued")), "waiting"),),
                runbook="complaint-changes-stuck",
            ),
            Panel(
                title="Webhooks posted",
                description="Attempts per second to post a change, by what became of the delivery: delivered, retried later, "
                "failed for good, or lost to another process.",
                unit="cps",
                queries=(Query(total(rate("crm_webhook_attempts_total"), by="outcome"), "{{outcome}}"),),
                runbook="crm-webhooks-late",
            ),
            Panel(
                title="Why webhooks fail",
                description="Attempts per hour that failed, by reason; an answer counts by its class.",
                unit="short",
                queries=(
                    Query(
                        total(
                            per_hour("crm_webhook_attempts_total", 'outcome=~"retried|failed"'), by="reason"
                        ),
                        "{{reason}}",
                    ),
                ),
                runbook="crm-webhooks-late",
            ),
            Panel(
                title="Time to post a webhook",
                description="Half and 95 % of the attempts took no longer.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, "crm_webhook_duration_seconds"), name)
                    for level, name in ((0.5, "half"), (0.95, "95 %"))
                ),
                runbook="crm-webhooks-late",
                may_be_empty="no quantile exists while nothing is posted",
            ),
            Panel(
                title="Deliveries that are not finished",
                description="Webhooks that wait for their moment or are being sent.",
                unit="short",
                queries=(Query(highest(of("crm_webhook_deliveries_waiting"), by="state"), "{{state}}"),),
                runbook="crm-webhooks-late",
            ),
            Panel(
                title="Longest wait of a webhook",
                description="How long the unfinished delivery to an enabled endpoint that waits for longest has waited.",
                unit="s",
                queries=(Query(highest(of("crm_webhook_oldest_age_seconds")), "longest"),),
                runbook="crm-webhooks-late",
                levels=(Level(600, "orange"), Level(3600, "red")),
            ),
            Panel(
                title="Endpoints",
                description="Endpoints of CRMs that are enabled, and those that were disabled since the receiver answered 410 or "
                "failed for days.",
                unit="short",
                queries=(
                    Query(highest(of("crm_webhook_endpoints"), by="state"), "{{state}}"),
                    Query(
                        total(per_hour("crm_webhooks_disabled_total"), by="reason"), "disabled: {{reason}}"
                    ),
                ),
                runbook="crm-webhook-disabled",
            ),
        ),
    )


INTAKE: Final = Dashboard(
    uid="redress-intake",
    title="Redress intake",
    description="The service that takes complaints in.",
    folder="Redress-operations",
    variables=(JobVariable('build_info{service="intake"}', everything="intake"),),
    rows=(
        _complaints(),
        _clocks(),
        _crm(),
        _finding(),
        _attachments(),
        _personal_data(),
        http(),
        outbox(),
        consumers(),
        process(),
    ),
)
