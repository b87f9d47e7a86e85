"""What the documentation of intake shows: values of fields that say no example themselves, and files."""

from collections.abc import Mapping
from typing import Any, Final

from chassis.examples import Words

WORDS: Final[Words] = {
    "source_system": "crm",
    "external_id": "CASE-2026-0815",
    "channel": "phone",
    "severity": "major",
    "reported_severity": "major",
    "product": "credit-card",
    "category": "fees",
    "title": "Charged twice",
    "description": "I was charged twice in October.",
    "explanation": "Complaint C-10023 is of severity major: rule serious decides.",
    "ClockOut.source": "ISO 10002, 8.3",
    "ClockOut.explanation": {
        "rule": "2 working days after the day of the start, until the end of its last working interval",
        "start": {"utc": "2026-11-27T10:00:00Z", "local": "2026-11-27T11:00:00+01:00"},
        "due": {"utc": "2026-12-01T16:00:00Z", "local": "2026-12-01T17:00:00+01:00"},
    },
    "AssessmentOut.report_to": ["market-surveillance"],
    "HandlingOut.investigators": ["anna.berg"],
    "HandlingOut.reports_missing": ["market-surveillance"],
    "TimelineOut.changes": {"category": ["unclassified", "fees"]},
    "PersonalReadOut.key_id": "4f7c2a9b",
    "ChangeDataOut.state": "investigating",
    "ChangeDataOut.link": "https://redress.example.org/v1/complaints/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f",
    "FeedOut.next_cursor": "mDMLXGPlcM0semqa",
    "WebhookOut.url": "https://crm.example.org/hooks/redress",
    "WebhookSecretOut.url": "https://crm.example.org/hooks/redress",
    "attachments": [],
    "AttachmentOut.name": "statement.pdf",
    "AttachmentOut.url": "https://crm.example.org/files/1",
    "AttachmentOut.media_type": "application/pdf",
    "ChangeOut.action": "amended",
    "ChangeOut.changes": {"category": ["unclassified", "fees"]},
    "ChangeOut.reason": "Assigned after a call back.",
    "HistoryOut.intact": True,
    "broken_at": None,
    "profile": "native",
    "ImportOut.media_type": "text/csv",
    "on_error": "continue",
    "detail": "",
    "ImportOut.state": "finished",
    "ImportOut.rows": 2,
    "processed": 2,
    "created": 1,
    "unchanged": 0,
    "amended": 0,
    "rejected": 1,
}
"""By the fields' names, or by model and field."""

_HEADER: Final = (
    "number,id,source_system,external_id,state,channel,reported_severity,product,category,lot,serial,title,description,"
    "remedy_sought,occurred_at,aware_at,received_at,recorded_at,updated_at,historical,version,triage,triage_reason,"
    "nonconformity,nonconformity_state,actions_open,actions_overdue,site\n"
)
EXPORT_CSV: Final = _HEADER + (
    "C-10023,0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f,crm,CASE-2026-0815,received,phone,major,credit-card,fees,,,Charged twice,"
    "I was charged twice in October.,,,2026-11-20T09:30:00Z,2026-11-20T09:30:00Z,2026-11-20T09:31:02Z,2026-11-20T09:31:02Z,"
    "false,1,raised,severity,NC-1001,open,1,0,plant-2\n"
)
EXPORT_NDJSON: Final = (
    '{"id":"0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f","number":"C-10023","version":1,"state":"received"}\n'
    '{"cut":{"rows":1,"next_cursor":"mDMLXGPlcM0semqa"}}\n'
)
PACK_JSON: Final[Mapping[str, Any]] = {
    "format": "redress-inspection-pack/1",
    "generated_at": "2026-11-23T09:30:00Z",
    "generated_for": "person:anna.berg",
    "personal_data": "withheld",
    "complaint": {"number": "C-10023", "state": "received", "version": 1},
    "timeline_complete": True,
    "history": {"items": [], "intact": True, "broken_at": None},
}
PACK_HTML: Final = "<!DOCTYPE html><html><head><title>C-10023</title></head><body>…</body></html>"
IMPORT_CSV: Final = (
    "external_id,channel,reported_severity,product,category,description\n"
    "CASE-2026-0816,phone,major,credit-card,fees,I was charged twice in October.\n"
)
IMPORT_NDJSON: Final = (
    '{"external_id":"CASE-2026-0817","channel":"email","reported_severity":"minor","product":"credit-card",'
    '"description":"The letter came too late."}\n'
)
RESULTS_CSV: Final = (
    "row_number,external_id,outcome,complaint_number,errors\n1,CASE-2026-0816,created,C-10024,\n"
)
RESULTS_NDJSON: Final = '{"row_number":1,"external_id":"CASE-2026-0817","outcome":"created","complaint_number":"C-10025","errors":[]}\n'
