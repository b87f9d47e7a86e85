"""What a good call of each step of a case sends, and the scope that opens it."""

from collections.abc import Mapping
from typing import Any

SOME_ID = "0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30"
_WRITE, _APPROVE = "cases:write", "cases:approve"
_TWO = {"owner": "anna", "approver": "quinn"}
_RISK = {"severity": "major", "recurrence": "repeated"}
SIGNATURE = {"printed_name": "Quinn Ash", "credential": "redress_test_nothing"}

CASE_STEPS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "accept": (_APPROVE, _TWO | _RISK),
    "reject": (_APPROVE, {"rejection": "duplicate", "explanation": "CA-1001 covers it"}),
    "link-nonconformity": (_WRITE, {"nonconformity_id": SOME_ID}),
    "assign-team": (
        _WRITE,
        _TWO | {"team": [{"person": "bert", "role": "engineer"}], "reason": "complete"},
    ),
    "assess-risk": (_WRITE, _RISK | {"reason": "a second plant"}),
    "start-containment": (_WRITE, {}),
    "contain": (_WRITE, {"needed": False, "explanation": "no stock is left"}),
    "describe-problem": (_WRITE, {"problem": {"statement": "letters state a wrong fee"}}),
    "record-cause": (
        _WRITE,
        {
            "kind": "root",
            "nature": "procedure",
            "statement": "the fee table is not reviewed",
            "method": "five_whys",
            "analysis": [{"key": "1", "text": "the table was old"}],
            "evidence": "change log",
        },
    ),
    "verify-cause": (
        _WRITE,
        {"cause_id": SOME_ID, "test": "switched off and on", "passed": True, "conclusion": "it comes back"},
    ),
    "answer-similar": (_WRITE, {"found": False, "explanation": "no other table"}),
    "plan-effectiveness": (
        _WRITE,
        {
            "plan": {
                "metric": "wrong fees",
                "exposure_unit": "letters",
                "baseline_events": 31,
                "baseline_exposure": 9500,
                "reduction": 0.5,
                "window_days": 90,
            }
        },
    ),
    "submit-plan": (_WRITE, {}),
    "approve-plan": (_APPROVE, {"signature": SIGNATURE}),
    "reject-plan": (_APPROVE, {"reason": "training alone will not hold"}),
    "report-implemented": (_WRITE, {"evidence": "all actions are done"}),
    "send-back": (_WRITE, {"reason": "the review is not in the calendar"}),
    "verify": (
        _WRITE,
        {
            "statement": "the review took place",
            "adverse_effects": False,
            "adverse_effects_explanation": "lead time is unchanged",
            "containment_removed": "sorting ended",
        },
    ),
    "review-effectiveness": (
        _APPROVE,
        {
            "events": 2,
            "exposure": 10000,
            "explanation": "2 in 10,000 after 31 in 9,500",
            "signature": SIGNATURE,
        },
    ),
    "close": (
        _APPROVE,
        {
            "lessons": dict.fromkeys(
                (
                    "documents",
                    "fmea",
                    "training",
                    "horizontal_spread",
                    "risks_updated",
                    "system_changes",
                    "recognition",
                ),
                "none needed, since it stood alone",
            ),
            "signature": SIGNATURE,
        },
    ),
    "reopen": (_APPROVE, {"reason": "NC-1044 shows the same cause"}),
    "request-extension": (_WRITE, {"due_at": "2026-12-24T09:00:00Z", "reason": "the supplier is late"}),
    "decide-extension": (_APPROVE, {"granted": True, "reason": "the supplier confirmed it"}),
    "hold": (_WRITE, {"reason": "the line stands still"}),
    "resume": (_WRITE, {"reason": "the line runs"}),
    "cancel": (_APPROVE, {"reason": "the product is withdrawn", "signature": SIGNATURE}),
}
