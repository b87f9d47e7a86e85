"""Values as rows, and rows as values."""

from typing import Any
from uuid import UUID

from capa.domain.action import Action, Punctuality
from capa.domain.action import State as ActionState
from capa.domain.complaint import Complaint
from capa.domain.due import Due
from capa.domain.nonconformity import Nonconformity
from capa.domain.nonconformity import State as NonconformityState
from capa.domain.severity import Severity
from capa.domain.triage import Decision, Outcome, Verdict
from capa.usecases.chronicle import Change
from common import history
from common.history import Entry


def nonconformity_of(row: Any) -> Nonconformity:
    """Read a row of `nonconformity`."""
    return Nonconformity(
        id=row.id,
        number=row.number,
        state=NonconformityState(row.state),
        product=row.product,
        category=row.category,
        severity=Severity(row.severity),
        origin=row.origin,
        origin_complaint_id=row.origin_complaint_id,
        anchor_at=row.anchor_at,
        complaints=row.complaints,
        raised_at=row.raised_at,
        correlation_id=row.correlation_id,
        version=row.version,
    )


def row_of_nonconformity(value: Nonconformity) -> dict[str, Any]:
    """Write a row of `nonconformity`."""
    return {
        "id": value.id,
        "number": value.number,
        "state": value.state.value,
        "product": value.product,
        "category": value.category,
        "severity": value.severity.value,
        "origin": value.origin,
        "origin_complaint_id": value.origin_complaint_id,
        "anchor_at": value.anchor_at,
        "complaints": value.complaints,
        "raised_at": value.raised_at,
        "correlation_id": value.correlation_id,
        "version": value.version,
    }


def action_of(row: Any) -> Action:
    """Read a row of `action`."""
    return Action(
        id=row.id,
        number=row.number,
        kind=row.kind,
        parent_kind=row.parent_kind,
        parent_id=row.parent_id,
        product=row.product,
        title=row.title,
        owner=row.owner,
        team=row.team,
        severity=Severity(row.severity),
        state=ActionState(row.state),
        due=Due(row.due_at, row.calendar, row.policy_version, row.explanation),
        original_due_at=row.original_due_at,
        due_changes=row.due_changes,
        generation=row.generation,
        given_at=row.given_at,
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
        evidence=row.evidence,
        punctuality=None if row.punctuality is None else Punctuality(row.punctuality),
        correlation_id=row.correlation_id,
        version=row.version,
    )


def decision_of(row: Any) -> Decision:
    """Read a row of `triage_decision` that holds its complaint's columns too, as `complaint_…`."""
    complaint = Complaint(
        id=row.complaint_id,
        number=row.complaint_number,
        version=row.complaint_version,
        severity=Severity(row.complaint_severity),
        product=row.complaint_product,
        category=row.complaint_category,
        channel=row.complaint_channel,
        received_at=row.complaint_received_at,
        historical=row.complaint_historical,
        correlation_id=row.complaint_correlation_id,
    )
    return Decision(
        id=row.id,
        complaint=complaint,
        ordinal=row.ordinal,
        trigger=row.trigger,
        verdict=Verdict(Outcome(row.outcome), row.rule, row.reason, row.explanation),
        policy_version=row.policy_version,
        decided_at=row.decided_at,
        nonconformity_id=row.nonconformity_id,
    )


def row_of_action(value: Action) -> dict[str, Any]:
    """Write a row of `action`."""
    return {
        "id": value.id,
        "number": value.number,
        "kind": value.kind,
        "parent_kind": value.parent_kind,
        "parent_id": value.parent_id,
        "product": value.product,
        "title": value.title,
        "owner": value.owner,
        "team": value.team,
        "severity": value.severity.value,
        "state": value.state.value,
        "due_at": value.due.at,
        "calendar": value.due.calendar,
        "policy_version": value.due.policy_version,
        "explanation": dict(value.due.explanation),
        "original_due_at": value.original_due_at,
        "due_changes": value.due_changes,
        "generation": value.generation,
        "given_at": value.given_at,
        "completed_at": value.completed_at,
        "cancelled_at": value.cancelled_at,
        "evidence": value.evidence,
        "punctuality": None if value.punctuality is None else value.punctuality.value,
        "correlation_id": value.correlation_id,
        "version": value.version,
    }


def entry_of(row: Any) -> Entry:
    """Read a row of `history`."""
    return Entry(row.position, row.at, row.actor, row.action, row.changes, row.reason, row.previous, row.hash)


def following(last: Entry | None, change: Change) -> Entry:
    """Chain a change to the last entry of a thing."""
    return history.append(
        last,
        at=change.at,
        actor=change.actor,
        action=change.action,
        changes=change.changes,
        reason=change.reason,
    )


def row_of_entry(thing_id: UUID, entry: Entry) -> dict[str, Any]:
    """Write a row of `history`."""
    return {
        "thing_id": thing_id,
        "position": entry.position,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "changes": dict(entry.changes),
        "reason": entry.reason,
        "previous": entry.previous,
        "hash": entry.hash,
    }
