"""What happened to an action, as the contracts that say it."""

from datetime import datetime

from capa.domain.action import Action
from capa.domain.facts import (
    ActionCancelled,
    ActionReassigned,
    DueChanged,
    EvidenceRejected,
    ExtensionAsked,
    ExtensionDecided,
)
from events.contracts import capa as told
from events.contracts.case import ExtensionDecidedV1, ExtensionRequestedV1
from events.contracts.deadline import DeadlineMetV1, DeadlineVoidedV1
from events.contracts.words import ActionKind, Punctuality, Severity
from events.envelope import Contract

CLOCK = "complete"
"""The one clock of an action: it runs until the work is done."""

SUBJECT_KIND = "action"


def assigned(action: Action, owner: str) -> told.ActionAssignedV1:
    """Say that somebody must do it by a date."""
    return told.ActionAssignedV1(
        action_id=action.id,
        number=action.number,
        kind=ActionKind(action.kind),
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        title=action.title,
        owner=owner,
        team=action.team,
        severity=Severity(action.severity.value),
        due_at=action.due.at,
    )


def reassigned(action: Action, fact: ActionReassigned) -> told.ActionReassignedV1:
    """Say that it has another owner."""
    return told.ActionReassignedV1(
        action_id=action.id,
        number=action.number,
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        owner=action.owner or "",
        team=action.team,
        previous_owner=fact.previous_owner,
        reason=fact.reason,
    )


def due_changed(action: Action, fact: DueChanged) -> told.ActionDueChangedV1:
    """Say that its due time moved."""
    return told.ActionDueChangedV1(
        action_id=action.id,
        number=action.number,
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        due_at=action.due.at,
        previous_due_at=fact.previous_due_at,
        original_due_at=action.original_due_at,
        reason=fact.reason,
    )


def completed(action: Action) -> tuple[Contract, ...]:
    """Say that it was done, and that its deadline is met."""
    if action.completed_at is None or action.punctuality is None:
        raise ValueError(f"{action.number} is not completed")
    punctuality = Punctuality(action.punctuality.value)
    return (
        told.ActionCompletedV1(
            action_id=action.id,
            number=action.number,
            parent_kind=action.parent_kind,
            parent_id=action.parent_id,
            completed_at=action.completed_at,
            punctuality=punctuality,
        ),
        DeadlineMetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=action.id,
            clock=CLOCK,
            generation=action.generation,
            due_at=action.due.at,
            met_at=action.completed_at,
            punctuality=punctuality,
        ),
    )


def cancelled(action: Action, fact: ActionCancelled) -> tuple[Contract, ...]:
    """Say that it is no longer needed, and its deadline void."""
    if action.cancelled_at is None:
        raise ValueError(f"{action.number} is not cancelled")
    return (
        told.ActionCancelledV1(
            action_id=action.id,
            number=action.number,
            parent_kind=action.parent_kind,
            parent_id=action.parent_id,
            cancelled_at=action.cancelled_at,
            reason=fact.reason,
        ),
        DeadlineVoidedV1(
            subject_kind=SUBJECT_KIND,
            subject_id=action.id,
            clock=CLOCK,
            generation=action.generation,
            reason="cancelled",
        ),
    )


def evidence_rejected(action: Action, fact: EvidenceRejected, at: datetime) -> told.ActionEvidenceRejectedV1:
    """Say that it is open again."""
    return told.ActionEvidenceRejectedV1(
        action_id=action.id,
        number=action.number,
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        reason=fact.reason,
        rejected_at=at,
    )


def verified(action: Action) -> told.ActionVerifiedV1:
    """Say that somebody else saw it done."""
    if action.check is None:
        raise ValueError(f"{action.number} is not verified")
    return told.ActionVerifiedV1(
        action_id=action.id,
        number=action.number,
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        verified_at=action.check.at,
    )


def extension_requested(action: Action, fact: ExtensionAsked, at: datetime) -> ExtensionRequestedV1:
    """Say that a later due time is asked for."""
    return ExtensionRequestedV1(
        subject_kind=SUBJECT_KIND,
        subject_id=action.id,
        number=action.number,
        due_at=action.due.at,
        proposed_due_at=fact.proposed_due_at,
        reason=fact.reason,
        requested_at=at,
    )


def extension_decided(action: Action, fact: ExtensionDecided, at: datetime) -> ExtensionDecidedV1:
    """Say what was decided about a later due time."""
    return ExtensionDecidedV1(
        subject_kind=SUBJECT_KIND,
        subject_id=action.id,
        number=action.number,
        granted=fact.granted,
        due_at=action.due.at,
        original_due_at=action.original_due_at,
        reason=fact.reason,
        decided_at=at,
    )
