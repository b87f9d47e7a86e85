"""Complaints as JSON."""

from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from intake.api.clocks import shape_clock, shape_next
from intake.api.handling import shape_allowed, shape_handling, shape_refused
from intake.api.instants import instant
from intake.domain.attached_file import AttachedFile, FileState
from intake.domain.complaint import Complainant, CrmStatus
from intake.domain.lifecycle.guards import Situation
from intake.domain.progress import overdue
from intake.usecases.views import ActionView, ComplaintView, HistoryPage, TriageView

PERSONAL: Final = "complaints:personal"
"""The scope that shows who complains."""

FILES: Final = "attachments:read"
"""The scope that shows attachments."""

_COMPLAINANT: Final = tuple(field.name for field in fields(Complainant))


def shape(
    view: ComplaintView,
    *,
    now: datetime,
    personal: bool,
    files: bool,
    situation: Situation | None = None,
    refused: bool = False,
) -> dict[str, Any]:
    """Write a complaint as plain JSON; who complains only where `personal`, its attachments only where `files`.

    With a `situation` it says which steps the caller can take, and with `refused` why not the others.
    """
    complaint, account = view.complaint, view.complaint.account
    body: dict[str, Any] = {
        "id": str(complaint.id),
        "number": complaint.number,
        "version": complaint.version,
        "state": complaint.state.value,
        "source_system": complaint.source_system,
        "external_id": complaint.external_id,
        "source_updated_at": instant(complaint.source_updated_at),
        "channel": account.channel.value,
        "reported_severity": account.reported_severity.value,
        "product": account.product,
        "category": account.category,
        "lot": account.lot,
        "site": account.site,
        "serial": account.serial,
        "title": account.title,
        "description": account.description,
        "remedy_sought": account.remedy_sought,
        "occurred_at": instant(account.occurred_at),
        "aware_at": instant(complaint.aware_at),
        "received_at": instant(complaint.received_at),
        "recorded_at": instant(complaint.recorded_at),
        "updated_at": instant(view.updated_at),
        "historical": complaint.historical,
        "erased_at": instant(complaint.erased_at),
        "correlation_id": str(complaint.correlation_id),
        "attachments": [
            {"name": one.name, "url": one.url, "media_type": one.media_type} for one in account.attachments
        ],
        "triage": _triage(view.triage),
        "nonconformity": None
        if view.nonconformity is None
        else {
            "id": str(view.nonconformity.id),
            "number": view.nonconformity.number,
            "state": view.nonconformity.state,
        },
        "actions": [_action(action, now) for action in view.actions],
        "handling": shape_handling(view.handling),
        "clocks": [shape_clock(clock, now) for clock in view.clocks],
        "next_clock": shape_next(view.clocks, now),
        "crm_status": None if complaint.crm_status is None else _status(complaint.crm_status),
    }
    if situation is not None:
        body["allowed_steps"] = shape_allowed(view, situation)
        if refused:
            body["refused_steps"] = shape_refused(view, situation)
    if files:
        body["files"] = [shape_file(file) for file in view.files]
    if personal:
        who = account.complainant
        body["complainant"] = None if who is None else {name: getattr(who, name) for name in _COMPLAINANT}
    return body


def shape_file(file: AttachedFile) -> dict[str, Any]:
    """Write an attachment as plain JSON."""
    stored = file.state is FileState.STORED
    return {
        "id": str(file.id),
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "state": file.state.value,
        "uploaded_by": file.uploaded_by,
        "uploaded_at": instant(file.uploaded_at),
        "content_url": f"/v1/complaints/{file.complaint_id}/attachments/{file.id}/content"
        if stored
        else None,
        "deleted_by": file.deleted_by,
        "deleted_at": instant(file.deleted_at),
        "deletion_reason": file.deletion_reason,
        "removed_at": instant(file.removed_at),
    }


def shape_history(history: HistoryPage, *, personal: bool) -> dict[str, Any]:
    """Write a history as plain JSON; former texts and personal data only where `personal`."""
    items = []
    for trace in history.traces:
        entry = trace.entry
        item: dict[str, Any] = {
            "position": entry.position,
            "at": instant(entry.at),
            "actor": entry.actor,
            "action": entry.action,
            "changes": entry.changes,
            "reason": entry.reason,
            "previous": entry.previous,
            "hash": entry.hash,
        }
        if personal:
            item["withheld"] = trace.withheld
        items.append(item)
    return {"items": items, "intact": history.broken_at is None, "broken_at": history.broken_at}


def _triage(triage: TriageView | None) -> dict[str, Any]:
    if triage is None:
        return {
            "state": "pending",
            "reason": None,
            "explanation": None,
            "policy_version": None,
            "decided_at": None,
        }
    return {
        "state": triage.outcome,
        "reason": triage.reason,
        "explanation": triage.explanation,
        "policy_version": triage.policy_version,
        "decided_at": instant(triage.decided_at),
    }


def _status(status: CrmStatus) -> dict[str, Any]:
    return {
        "code": status.code,
        "at": instant(status.at),
        "reference": status.reference,
        "note": status.note,
    }


def _action(action: ActionView, now: datetime) -> dict[str, Any]:
    return {
        "id": str(action.id),
        "number": action.number,
        "kind": action.kind,
        "owner": action.owner,
        "team": action.team,
        "due_at": instant(action.due_at),
        "overdue": overdue(action.state, action.due_at, now),
        "state": action.state,
    }
