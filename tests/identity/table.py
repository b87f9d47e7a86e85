"""Every operation of the three APIs: the scopes that open it, and what it shows to another source system's key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Foreign = Literal["hidden", "filtered", "names_its_own", "closed"]
"""What happens to a source system's key with what is another's.

hidden: it is answered as if it were not there. filtered: it is left out. names_its_own: what is made is of the key's own
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
_HOOKS = ("webhooks:manage",)
_HOOK = "/v1/webhooks/{webhook_id}"
_BY_EXTERNAL_ID = "/v1/complaints/by-external-id/{source_system}/{external_id}"
_PERSON = {"id": "anna.berg", "name": "Anna Berg"}


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
    ("intake", "GET /v1/complaints/{reference}/history"): Rule(("complaints:read",), "hidden"),
    ("intake", "PATCH /v1/complaints/{reference}"): Rule(
        ("complaints:write",), "hidden", request=_changing({"lot": "L-7", "reason": "read wrongly"})
    ),
    ("intake", "GET /v1/complaints/export"): Rule(("complaints:read",), "filtered"),
    ("intake", "GET /v1/complaints/{reference}/similar"): Rule(("complaints:read",), "hidden"),
    ("intake", f"GET {_ATTACHMENTS}"): Rule(("attachments:read",), "hidden"),
    ("intake", f"POST {_ATTACHMENTS}"): Rule(("attachments:write",), "hidden", request=_FILE),
    ("intake", f"GET {_ATTACHMENTS}/{{attachment_id}}"): Rule(("attachments:read",), "hidden"),
    ("intake", f"GET {_ATTACHMENTS}/{{attachment_id}}/content"): Rule(("attachments:read",), "hidden"),
    ("intake", f"DELETE {_ATTACHMENTS}/{{attachment_id}}"): Rule(
        ("attachments:delete",),
        "hidden",
        request={"params": {"reason": "sent by mistake"}, "headers": _ANY_VERSION},
    ),
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
    ("capa", "GET /v1/triage-decisions"): _closed("nonconformities:read"),
    ("capa", "GET /v1/actions"): _closed("actions:read"),
    ("capa", "GET /v1/actions/{action_id}"): _closed("actions:read"),
    ("capa", "GET /v1/actions/{action_id}/history"): _closed("actions:read"),
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
