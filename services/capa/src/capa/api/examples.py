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
    "RaiseIn.origin": "audit",
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
    # Nonconformities and cases.
    "NonconformityDetailOut.allowed_steps": ["describe", "disposition", "decide-case"],
    "CaseDetailOut.allowed_steps": ["assign-team", "assess-risk", "start-containment"],
    "CaseOut.title": "Wrong fees in letters",
    "CaseDetailOut.title": "Wrong fees in letters",
    "SimilarOut.title": "Wrong fees in statements",
    "SimilarOut.state": "investigating",
    "SimilarOut.number": "CA-1001",
    "SimilarOut.reasons": ["same_product", "same_category"],
    "CaseDetailOut.team": [{"person": "anna.berg", "role": "process engineer"}],
    "AcceptIn.team": [{"person": "anna.berg", "role": "process engineer"}],
    "AssignTeamIn.team": [{"person": "anna.berg", "role": "process engineer"}],
    "CaseBriefOut.state": "investigating",
    "CaseDetailOut.history": "/v1/cases/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/history",
    "description": "Letters state a fee that was not agreed.",
    "rationale": "The letters are sent again; the fee is paid back.",
    "statement": "Nobody reviews the fee table after a change of tariff.",
    "evidence": "The change log of May shows no review.",
    "conclusion": "Without the review it comes back.",
    "approver": "quinn.ash",
    "decided_by": "person:quinn.ash",
    "requested_by": "person:anna.berg",
    "recorded_by": "person:anna.berg",
    "tested_by": "person:anna.berg",
    "answered_by": "person:anna.berg",
    "validated_by": "person:anna.berg",
    "verified_by": "person:vera.lind",
    "reviewed_by": "person:quinn.ash",
    "held_by": "person:anna.berg",
    "signer": "person:quinn.ash",
    "printed_name": "Quinn Ash",
    "state_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "document": {"number": "CA-1001", "covers": "plan", "cycle": 1},
    "SignaturesOut.number": "CA-1001",
    "step": "close",
    "detail": "Needed: a check of this round that said effective.",
    "fix": "take the step review-effectiveness",
    "WarningOut.detail": "Human error alone explains little: ask why it was possible.",
    "reckoning": ["The rate is 0.06 times that before; 0.5 or less was to be reached."],
    "ReviewOut.explanation": "Counted from all letters of March to May.",
    "ContainmentOut.explanation": "A sample of 50 letters shows no wrong fee.",
    "SimilarAnswerOut.explanation": "No other product uses the table.",
    "NodePart.category": None,
    "RatingsPart.severity": 8,
    "documents": "Work instruction 4.2 names the review.",
    "fmea": "Occurrence was lowered from 6 to 2.",
    "training": "The tariff team, on 2 November.",
    "horizontal_spread": "The same review was set up for loans.",
    "risks_updated": "Risk R-12 was judged anew.",
    "system_changes": "None: the process description holds.",
    "recognition": "The team was thanked in the monthly meeting.",
    # Signals and indicators.
    **{
        f"{model}.{name}": value
        for model in ("SignalOut", "SignalDetailOut")
        for name, value in (
            ("watch", "category"),
            ("explanation", "4 complaints in 7 days, where the policy allows 3."),
            ("clear_reason", ""),
            ("chart", "/v1/signals/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/chart.svg"),
            ("allowed_steps", ["confirm", "dismiss"]),
        )
    },
    "SignalDetailOut.evidence": {
        "chart": "window",
        "unit": "complaints in the 7 days before",
        "limits": {"count": 4},
        "points": [{"label": "2026-11-23", "count": 4, "upper": 4.0, "evidence": True}],
    },
    "ActionFiguresOut.overdue_by_age": {"over_30d": 1},
    "HandlingFiguresOut.backlog_by_age": {"up_to_3d": 4, "over_30d": 1},
    "HandlingFiguresOut.overdue_by_age": {"over_30d": 1},
    "CaseFiguresOut.time_in_stage": {
        "investigating": {"n": 3, "mean": 700_000.0, "median": 604_800.0, "p90": 950_400.0}
    },
    "CaseFiguresOut.overdue_by_age": {"up_to_3d": 1},
    "IndicatorsOut.per_million": {},
    "IndicatorsOut.escalation": {
        "overdue": {
            "told": 3,
            "time_to_done": {"n": 2, "mean": 90_000.0, "median": 90_000.0, "p90": 122_400.0},
            "done_in_time": {"part": 2, "whole": 3, "value": 0.667, "low": 0.208, "high": 0.939},
        }
    },
    "BarOut.name": "credit-card / fees",
    "StepOut.text": "7 complaints came before, 1 after.",
    "StepOut.values": {"before": 7, "after": 1},
    "SignalOut.history": "/v1/signals/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/history",
    "SignalDetailOut.history": "/v1/signals/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/history",
}
"""By the fields' names, or by model and field."""

CHART_SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 300"><title>S-1001: credit-card / fees</title></svg>'
REVIEW_HTML: Final = "<!DOCTYPE html><html><head><title>Management review</title></head><body>…</body></html>"
