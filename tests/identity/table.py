"""Every operation of the three APIs: the scopes that open it, and what it shows to another source system's key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.identity.cases import CASE_STEPS, SOME_ID

Foreign = Literal["hidden", "filtered", "uncounted", "names_its_own", "closed"]
"""What happens to a source system's key with what is another's.

hidden: it is answered as if it were not there. filtered: it is left out. uncounted: it
is not in the numbers. names_its_own: what is made is of the key's own
source, and naming another is refused. closed: no key of a source system gets in.
"""


@dataclass(frozen=True)
class Rule:
    """`scopes` open it together, or any one of them where `any_scope`; `request` is what a good call sends."""

    scopes: tuple[str, ...]
    foreign: Foreign
    any_scope: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)


_ANY_VERSION = {"If-Match": "*"}
_COMPLAINT = {
    "channel": "phone",
    "reported_severity": "major",
    "product": "credit-card",
    "description": "I was charged twice.",
    "source_system": "crm",
    "external_id": "another-1",
}
_CSV = {
    "content": b"channel,reported_severity,product,description\nphone,major,credit-card,Charged twice\n",
    "headers": {"Content-Type": "text/csv"},
}
_FILE = {
    "content": b"%PDF-1.7\n1 0 obj\n",
    "headers": {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="receipt.pdf"',
    },
}
_ATTACHMENTS = "/v1/complaints/{reference}/attachments"
_UNITS = {
    "product": "credit-card",
    "unit": "sold",
    "first_day": "2026-01-01",
    "next_day": "2026-02-01",
    "units": 104_500,
}
_SPAN = {"from": "2026-01-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
_YEARS = {"from": "2021-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"}
_NONCONFORMITY = "/v1/nonconformities/{nonconformity_id}"
_CASE = "GET /v1/cases/{case_id}"
_ACTION = {"kind": "correction", "title": "replace the letters", "owner": "bert", "due": "5wd"}
_HOOKS = ("webhooks:manage",)
_HOOK = "/v1/webhooks/{webhook_id}"
_BY_EXTERNAL_ID = "/v1/complaints/by-external-id/{source_system}/{external_id}"
_PERSON = {"id": "anna.berg", "name": "Anna Berg"}
_ASSESSMENT = {
    "severity": "major",
    "safety_flag": False,
    "reportability": "no",
    "validity": "justified",
    "implication": "low",
    "complexity": "low",
    "impact": "low",
    "immediate_action": False,
}
_STEPS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "acknowledge": ("complaints:work", {"channel": "email"}),
    "assess": ("complaints:assess", _ASSESSMENT),
    "reject": ("complaints:assess", {"reason": "a question"}),
    "overrule-rejection": ("complaints:decide", {"reason": "it is one"}),
    "link": ("complaints:assess", {"master": "C-10001"}),
    "assign": ("complaints:work", {"owner": "anna.berg"}),
    "start-investigation": ("complaints:work", {}),
    "waive-investigation": ("complaints:decide", {"reason": "known"}),
    "update-customer": ("complaints:work", {"channel": "phone"}),
    "wait-for-customer": ("complaints:work", {"channel": "phone", "awaited": "the receipt"}),
    "end-waiting": ("complaints:work", {}),
    "respond": ("complaints:work", {"channel": "letter", "reply": "Sorry."}),
    "customer-accepts": ("complaints:write", {}),
    "customer-rejects": ("complaints:write", {"reason": "not enough"}),
    "record-contact-attempt": ("complaints:work", {"channel": "phone"}),
    "file-report": ("complaints:work", {"authority": "authority", "reference": "R-1"}),
    "close": ("complaints:close", {"closure_code": "resolved"}),
    "refer": ("complaints:work", {"body": "ombudsman"}),
    "withdraw": ("complaints:write", {}),
    "reopen": ("complaints:work", {"reason": "again"}),
}


def _changing(body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    return {"headers": _ANY_VERSION} | ({} if body is None else {"json": body})


def _closed(*scopes: str, any_scope: bool = False, request: Mapping[str, Any] | None = None) -> Rule:
    return Rule(scopes, "closed", any_scope, request or {})


OPERATIONS: Mapping[tuple[str, str], Rule] = {
    ("intake", "POST /v1/complaints"): Rule(
        ("complaints:write",), "names_its_own", request={"json": _COMPLAINT}
    ),
    ("intake", "GET /v1/complaints"): Rule(("complaints:read",), "filtered"),
    ("intake", "GET /v1/complaints/{reference}"): Rule(("complaints:read",), "hidden"),
    ("intake", "GET /v1/complaints/{reference}/clocks"): Rule(("complaints:read",), "hidden"),
    ("intake", "GET /v1/complaints/{reference}/history"): Rule(("complaints:read",), "hidden"),
    ("intake", "PATCH /v1/complaints/{reference}"): Rule(
        ("complaints:write",), "hidden", request=_changing({"lot": "L-7", "reason": "read wrongly"})
    ),
    ("intake", "GET /v1/complaints/export"): Rule(("complaints:read",), "filtered"),
    ("intake", "GET /v1/complaints/{reference}/similar"): Rule(("complaints:read",), "hidden"),
    ("intake", "GET /v1/affected-customers"): Rule(
        ("complaints:read",), "uncounted", request={"params": _YEARS}
    ),
    ("intake", "GET /v1/complaints/{reference}/personal-reads"): Rule(("personal-reads:read",), "hidden"),
    ("intake", "GET /v1/complaints/{reference}/timeline"): Rule(("complaints:read",), "hidden"),
    ("intake", "GET /v1/complaints/{reference}/inspection-pack"): Rule(("complaints:read",), "hidden"),
    ("intake", "GET /v1/complaints/{reference}/hold"): Rule(("complaints:read",), "hidden"),
    ("intake", "POST /v1/complaints/{reference}/hold"): Rule(
        ("complaints:hold",), "hidden", request={"json": {"reason": "a lawsuit"}}
    ),
    ("intake", "DELETE /v1/complaints/{reference}/hold"): Rule(
        ("complaints:hold",), "hidden", request={"params": {"reason": "settled"}}
    ),
    ("intake", "POST /v1/complaints/{reference}/erasure"): Rule(
        ("complaints:erase",), "hidden", request=_changing({"reason": "asked for"})
    ),
    ("intake", "POST /v1/complainants/erasure"): Rule(
        ("complaints:erase",),
        "names_its_own",
        request={"json": {"source_system": "crm", "reference": "K-1", "reason": "asked for"}},
    ),
    ("intake", f"GET {_ATTACHMENTS}"): Rule(("attachments:read",), "hidden"),
    ("intake", f"POST {_ATTACHMENTS}"): Rule(("attachments:write",), "hidden", request=_FILE),
    ("intake", f"GET {_ATTACHMENTS}/{{attachment_id}}"): Rule(("attachments:read",), "hidden"),
    ("intake", f"GET {_ATTACHMENTS}/{{attachment_id}}/content"): Rule(("attachments:read",), "hidden"),
    ("intake", f"DELETE {_ATTACHMENTS}/{{attachment_id}}"): Rule(
        ("attachments:delete",),
        "hidden",
        request={"params": {"reason": "sent by mistake"}, "headers": _ANY_VERSION},
    ),
    **{
        ("intake", f"POST /v1/complaints/{{reference}}/{step}"): Rule(
            (scope,), "hidden", request=_changing(body)
        )
        for step, (scope, body) in _STEPS.items()
    },
    ("intake", "POST /v1/imports"): Rule(
        ("imports:write",), "names_its_own", request={**_CSV, "params": {"source_system": "crm"}}
    ),
    ("intake", "GET /v1/imports/{import_id}"): Rule(("imports:write",), "hidden"),
    ("intake", "GET /v1/imports/{import_id}/results"): Rule(("imports:write",), "hidden"),
    ("intake", f"GET {_BY_EXTERNAL_ID}"): Rule(("complaints:read",), "hidden"),
    ("intake", f"PUT {_BY_EXTERNAL_ID}/crm-status"): Rule(
        ("complaints:write",), "hidden", request=_changing({"code": "waiting"})
    ),
    ("intake", "GET /v1/changes"): Rule(("complaints:read",), "filtered"),
    ("intake", "POST /v1/webhooks"): Rule(
        _HOOKS, "names_its_own", request={"json": {"url": "http://127.0.0.1:9/", "source_system": "crm"}}
    ),
    ("intake", "GET /v1/webhooks"): Rule(_HOOKS, "filtered"),
    ("intake", f"GET {_HOOK}"): Rule(_HOOKS, "hidden"),
    ("intake", f"PATCH {_HOOK}"): Rule(_HOOKS, "hidden", request=_changing({"description": "Cases"})),
    ("intake", f"DELETE {_HOOK}"): Rule(_HOOKS, "hidden", request=_changing()),
    ("intake", f"POST {_HOOK}/rotate-secret"): Rule(_HOOKS, "hidden", request=_changing()),
    ("intake", f"POST {_HOOK}/test"): Rule(_HOOKS, "hidden"),
    ("intake", f"GET {_HOOK}/deliveries"): Rule(_HOOKS, "hidden"),
    ("intake", f"POST {_HOOK}/deliveries/{{delivery_id}}/redeliver"): Rule(_HOOKS, "hidden"),
    ("intake", f"POST {_HOOK}/redeliver"): Rule(
        _HOOKS, "hidden", request={"json": {"since": "2026-11-20T00:00:00Z"}}
    ),
    ("capa", "GET /v1/nonconformities"): _closed("nonconformities:read"),
    ("capa", "GET /v1/nonconformities/{nonconformity_id}"): _closed("nonconformities:read"),
    ("capa", "GET /v1/nonconformities/{nonconformity_id}/history"): _closed("nonconformities:read"),
    ("capa", "POST /v1/nonconformities"): _closed(
        "nonconformities:write",
        request={
            "json": {
                "origin": "audit",
                "product": "credit-card",
                "category": "fees",
                "severity": "major",
                "description": "no review",
                "noticed_at": "2026-03-02T09:00:00Z",
            }
        },
    ),
    ("capa", f"POST {_NONCONFORMITY}/describe"): _closed(
        "nonconformities:write", request=_changing({"description": "no review", "affected": []})
    ),
    ("capa", f"POST {_NONCONFORMITY}/link-complaint"): _closed(
        "nonconformities:write", request=_changing({"complaint_id": SOME_ID})
    ),
    ("capa", f"POST {_NONCONFORMITY}/actions"): _closed("nonconformities:write", request=_changing(_ACTION)),
    ("capa", f"POST {_NONCONFORMITY}/disposition"): _closed(
        "nonconformities:write",
        request=_changing({"parts": [{"kind": "not_applicable"}], "rationale": "a service"}),
    ),
    ("capa", f"POST {_NONCONFORMITY}/decide-case"): _closed(
        "nonconformities:write", request=_changing({"needed": False, "rationale": "a single slip"})
    ),
    ("capa", f"POST {_NONCONFORMITY}/close"): _closed("nonconformities:write", request=_changing({})),
    ("capa", "GET /v1/cases"): _closed("cases:read"),
    ("capa", "POST /v1/cases"): _closed(
        "cases:write",
        request={
            "json": {"title": "fees", "product": "credit-card", "category": "fees", "severity": "major"}
        },
    ),
    ("capa", _CASE): _closed("cases:read"),
    ("capa", f"{_CASE}/history"): _closed("cases:read"),
    ("capa", f"{_CASE}/similar"): _closed("cases:read"),
    ("capa", f"{_CASE}/signatures"): _closed("cases:read"),
    ("capa", f"{_CASE}/report"): _closed("cases:read"),
    ("capa", "GET /v1/cases/reports"): _closed("cases:read"),
    ("capa", "POST /v1/cases/{case_id}/actions"): _closed("cases:write", request=_changing(_ACTION)),
    **{
        ("capa", f"POST /v1/cases/{{case_id}}/{step}"): _closed(scope, request=_changing(body))
        for step, (scope, body) in CASE_STEPS.items()
    },
    ("capa", "POST /v1/actions/{action_id}/verify"): _closed(
        "actions:write", request=_changing({"statement": "seen"})
    ),
    ("capa", "POST /v1/actions/{action_id}/reject-evidence"): _closed(
        "actions:write", request=_changing({"reason": "not all of it"})
    ),
    ("capa", "POST /v1/actions/{action_id}/record-cost"): _closed(
        "actions:write", request=_changing({"amount": "12.50", "currency": "EUR"})
    ),
    ("capa", "POST /v1/actions/{action_id}/request-extension"): _closed(
        "actions:write", request=_changing({"due_at": "2026-03-09T09:00:00Z", "reason": "supplier"})
    ),
    ("capa", "POST /v1/actions/{action_id}/decide-extension"): _closed(
        "cases:approve", request=_changing({"granted": True, "reason": "confirmed"})
    ),
    ("capa", "GET /v1/triage-decisions"): _closed("nonconformities:read"),
    ("capa", "GET /v1/actions"): _closed("actions:read"),
    ("capa", "GET /v1/actions/{action_id}"): _closed("actions:read"),
    ("capa", "GET /v1/actions/{action_id}/history"): _closed("actions:read"),
    ("capa", "GET /v1/signals"): _closed("signals:read"),
    ("capa", "GET /v1/signals/{signal_id}"): _closed("signals:read"),
    ("capa", "GET /v1/signals/{signal_id}/chart.svg"): _closed("signals:read"),
    ("capa", "GET /v1/signals/{signal_id}/history"): _closed("signals:read"),
    ("capa", "POST /v1/signals/{signal_id}/confirm"): _closed("signals:write", request=_changing({})),
    ("capa", "POST /v1/signals/{signal_id}/dismiss"): _closed(
        "signals:write", request=_changing({"reason": "one customer"})
    ),
    ("capa", "POST /v1/signals/{signal_id}/clear"): _closed(
        "signals:write", request=_changing({"reason": "back to normal"})
    ),
    ("capa", "GET /v1/indicators"): _closed("indicators:read", request={"params": _SPAN}),
    ("capa", "GET /v1/pareto"): _closed("indicators:read", request={"params": _SPAN}),
    ("capa", "GET /v1/management-review"): _closed("indicators:read", request={"params": _SPAN}),
    ("capa", "GET /v1/effectiveness"): _closed(
        "indicators:read",
        request={
            "params": _SPAN
            | {
                "product": "credit-card",
                "baseline_from": "2025-10-01T00:00:00Z",
                "baseline_to": "2026-01-01T00:00:00Z",
            }
        },
    ),
    ("capa", "GET /v1/exposures"): _closed("exposures:read"),
    ("capa", "PUT /v1/exposures"): _closed("exposures:write", request={"json": _UNITS}),
    ("capa", "POST /v1/exposures/csv"): _closed(
        "exposures:write",
        request={
            "content": b"product,unit,first_day,next_day,units\ncredit-card,sold,2026-01-01,2026-02-01,5\n",
            "headers": {"Content-Type": "text/csv"},
        },
    ),
    ("capa", "POST /v1/actions/{action_id}/assign"): _closed(
        "actions:write", request=_changing({"owner": "bert"})
    ),
    ("capa", "POST /v1/actions/{action_id}/reassign"): _closed(
        "actions:write", request=_changing({"owner": "bert", "reason": "on leave"})
    ),
    ("capa", "POST /v1/actions/{action_id}/change-due"): _closed(
        "actions:write", request=_changing({"due": "5wd", "reason": "supplier"})
    ),
    ("capa", "POST /v1/actions/{action_id}/complete"): _closed(
        "actions:write", request=_changing({"evidence": "done, see QM-1"})
    ),
    ("capa", "POST /v1/actions/{action_id}/cancel"): _closed(
        "actions:write", request=_changing({"reason": "raised in error"})
    ),
    ("notifier", "GET /v1/deadlines"): _closed("deadlines:read", "people:read", any_scope=True),
    ("notifier", "GET /v1/deadlines/{subject_id}/{clock}"): _closed(
        "deadlines:read", "people:read", any_scope=True
    ),
    ("notifier", "POST /v1/deadlines/{subject_id}/{clock}/acknowledge"): _closed(
        "deadlines:answer", request=_changing({})
    ),
    ("notifier", "POST /v1/deadlines/{subject_id}/{clock}/snooze"): _closed(
        "deadlines:answer",
        request=_changing({"until": "2026-12-02T16:00:00Z", "reason": "the supplier delivers tomorrow"}),
    ),
    ("notifier", "GET /v1/notices"): _closed("deliveries:read"),
    ("notifier", "GET /v1/deliveries"): _closed("deliveries:read"),
    ("notifier", "GET /v1/deliveries/{delivery_id}"): _closed("deliveries:read"),
    ("notifier", "POST /v1/deliveries/{delivery_id}/redeliver"): _closed("deliveries:write"),
    ("notifier", "GET /v1/people"): _closed("people:read"),
    ("notifier", "GET /v1/people/{person_id}"): _closed("people:read"),
    ("notifier", "GET /v1/people/{person_id}/history"): _closed("people:read"),
    ("notifier", "POST /v1/people"): _closed("people:write", request={"json": _PERSON}),
    ("notifier", "PUT /v1/people/{person_id}"): _closed(
        "people:write", request=_changing({"name": "Anna Berg"})
    ),
    ("notifier", "POST /v1/people/{person_id}/enable-webhook"): _closed("people:write", request=_changing()),
    ("notifier", "POST /v1/people/{person_id}/rotate-webhook-secret"): _closed(
        "people:write", request=_changing()
    ),
    ("notifier", "POST /v1/people:bulk"): _closed("people:write", request={"json": {"people": [_PERSON]}}),
}

OPEN = frozenset(
    {
        "/",
        "/docs",
        "/docs/assets/{name}",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/problems",
        "/problems/{code}",
    }
)
"""What anybody may see: it says what the API is, and nothing of what is in it."""
