"""Values as rows, and rows as values."""

from typing import Any
from uuid import UUID

from capa.db.documents import Document
from capa.domain.action import Action, Check, Cost, Punctuality
from capa.domain.action import State as ActionState
from capa.domain.case.case import Case
from capa.domain.complaint import Complaint
from capa.domain.disposition import Affected, CaseDecision, Disposition
from capa.domain.due import Due
from capa.domain.extension import Extension
from capa.domain.nonconformity import Nonconformity, Origin
from capa.domain.nonconformity import State as NonconformityState
from capa.domain.severity import Severity
from capa.domain.triage import Decision, Outcome, Verdict
from capa.usecases.chronicle import Change
from common import history
from common.history import Entry

_AFFECTED = Document(tuple[Affected, ...])
_DISPOSITION = Document(Disposition)
_DECISION = Document(CaseDecision)
_CAUSES = Document(tuple[UUID, ...])
_CHECK = Document(Check)
_COST = Document(Cost)
_EXTENSION = Document(Extension)
_CASE = Document(Case)


def complaint_of(row: Any) -> Complaint:
    """Read a row of `complaint`."""
    return Complaint(
        id=row.id,
        number=row.number,
        version=row.version,
        severity=Severity(row.severity),
        product=row.product,
        category=row.category,
        channel=row.channel,
        received_at=row.received_at,
        historical=row.historical,
        correlation_id=row.correlation_id,
        site=row.site,
    )


def nonconformity_of(row: Any) -> Nonconformity:
    """Read a row of `nonconformity`."""
    return Nonconformity(
        id=row.id,
        number=row.number,
        state=NonconformityState(row.state),
        product=row.product,
        category=row.category,
        severity=Severity(row.severity),
        origin=Origin(row.origin),
        origin_complaint_id=row.origin_complaint_id,
        anchor_at=row.anchor_at,
        complaints=row.complaints,
        raised_at=row.raised_at,
        correlation_id=row.correlation_id,
        version=row.version,
        origin_reference=row.origin_reference,
        description=row.description,
        affected=_AFFECTED.read(row.affected),
        disposition=_DISPOSITION.maybe(row.disposition),
        case_decision=_DECISION.maybe(row.case_decision),
        closed_at=row.closed_at,
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
        "origin": value.origin.value,
        "origin_complaint_id": value.origin_complaint_id,
        "anchor_at": value.anchor_at,
        "complaints": value.complaints,
        "raised_at": value.raised_at,
        "correlation_id": value.correlation_id,
        "version": value.version,
        "origin_reference": value.origin_reference,
        "description": value.description,
        "affected": _AFFECTED.write(value.affected),
        "disposition": _DISPOSITION.write(value.disposition),
        "case_decision": _DECISION.write(value.case_decision),
        "closed_at": value.closed_at,
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
        causes=_CAUSES.read(row.causes),
        completed_by=row.completed_by,
        check=_CHECK.maybe(row.verification),
        cost=_COST.maybe(row.cost),
        extension=_EXTENSION.maybe(row.extension),
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
        "causes": _CAUSES.write(value.causes),
        "completed_by": value.completed_by,
        "verification": _CHECK.write(value.check),
        "cost": _COST.write(value.cost),
        "extension": _EXTENSION.write(value.extension),
    }


def case_of(row: Any) -> Case:
    """Read a row of `corrective_case`."""
    return _CASE.read(row.body)


def row_of_case(value: Case) -> dict[str, Any]:
    """Write a row of `corrective_case`."""
    return {
        "id": value.id,
        "number": value.number,
        "title": value.title,
        "state": value.state.value,
        "severity": value.severity.value,
        "product": value.product,
        "category": value.category,
        "owner": value.owner,
        "approver": value.approver,
        "risk": None if value.risk is None else value.risk.level.value,
        "recurrence_of": value.recurrence_of,
        "requested_at": value.requested_at,
        "next_due_at": min((each.due.at for each in value.deadlines), default=None),
        "monitoring_until": value.monitoring_until,
        "closed_at": value.closed_at,
        "correlation_id": value.correlation_id,
        "version": value.version,
        "body": _CASE.write(value),
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
