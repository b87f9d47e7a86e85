"""What the documentation of capa shows for fields that say no example themselves."""

from typing import Final

from chassis.examples import Words

EXPLANATION: Final = {
    "due": {"utc": "2026-12-01T16:00:00Z", "local": "2026-12-01T17:00:00+01:00"},
    "rule": "2 working days after the day of the start, until the end of its last working interval",
    "start": {"utc": "2026-11-27T10:00:00Z", "local": "2026-11-27T11:00:00+01:00"},
    "steps": [{"kind": "counted_day", "date": "2026-12-01", "number": 2, "to": "17:00", "note": ""}],
    "calendar": {
        "name": "default",
        "version": "1",
        "zone": "Europe/Berlin",
        "holidays": "DE, holidays 0.109",
    },
}

WORDS: Final[Words] = {
    "product": "credit-card",
    "category": "fees",
    "severity": "major",
    "owner": "credit.team",
    "team": "credit",
    "title": "Contain: credit-card / fees (A-1001)",
    "ActionOut.kind": "containment",
    "ActionDetailOut.kind": "containment",
    "parent_kind": "nonconformity",
    "origin": "complaint",
    "channel": "email",
    "due_changes": 0,
    "due_at": "2026-12-01T16:00:00Z",
    "original_due_at": "2026-12-01T16:00:00Z",
    "calendar": "default:1",
    "policy_version": "1",
    "allowed_steps": ["reassign", "change-due", "complete", "cancel"],
    "NonconformityOut.history": "/v1/nonconformities/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/history",
    "NonconformityDetailOut.history": "/v1/nonconformities/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/history",
    "history": "/v1/actions/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/history",
    "EntryOut.action": "given",
    "changes": {"owner": "credit.team", "team": "credit", "due_at": "2026-12-01T16:00:00+00:00"},
    "explanation": EXPLANATION,
    "DecisionOut.explanation": "Complaint C-10023 is of severity major: rule serious decides.",
    "rule": "serious",
}
"""By the fields' names, or by model and field."""
