"""What capa tells, as notes for timelines."""

from typing import assert_never

from common.clock import instant_text
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionEvidenceRejectedV1,
    ActionReassignedV1,
    ActionVerifiedV1,
    NonconformityClosedV1,
    NonconformityDispositionedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    NonconformitySeverityRaisedV1,
    TriageDecidedV1,
)
from events.envelope import Event
from intake.domain.timeline import Kind, Note

ActionTold = (
    ActionAssignedV1
    | ActionReassignedV1
    | ActionDueChangedV1
    | ActionCompletedV1
    | ActionEvidenceRejectedV1
    | ActionVerifiedV1
    | ActionCancelledV1
)
"""What capa tells of an action."""


def note_of_triage(event: Event[TriageDecidedV1]) -> Note:
    """Note what triage decided about a complaint."""
    told = event.data
    changes: dict[str, object] = {
        "outcome": told.outcome.value,
        "reason": told.reason,
        "policy_version": told.policy_version,
        "nonconformity": told.nonconformity_number,
    }
    return Note(
        subject_kind="complaint",
        subject_id=told.complaint_id,
        name=f"triage {event.version}",
        kind=Kind.CASE,
        action="triaged",
        at=told.decided_at,
        actor=event.actor,
        changes=changes,
        reason=told.explanation,
    )


def note_of_raised(event: Event[NonconformityRaisedV1]) -> Note | None:
    """Note at the complaint that a nonconformity was raised from it; None where it came from elsewhere."""
    told = event.data
    if told.complaint_id is None:
        return None
    return Note(
        subject_kind="complaint",
        subject_id=told.complaint_id,
        name=f"raised {told.nonconformity_id}",
        kind=Kind.CASE,
        action="nonconformity_raised",
        at=told.raised_at,
        actor=event.actor,
        changes={"nonconformity": told.number, "severity": told.severity.value},
    )


def note_of_linked(event: Event[NonconformityLinkedV1]) -> Note:
    """Note at the complaint that it was linked to a nonconformity."""
    told = event.data
    return Note(
        subject_kind="complaint",
        subject_id=told.complaint_id,
        name=f"linked {told.nonconformity_id}",
        kind=Kind.CASE,
        action="nonconformity_linked",
        at=event.occurred_at,
        actor=event.actor,
        changes={"nonconformity": told.number},
    )


def note_of_severity(event: Event[NonconformitySeverityRaisedV1]) -> Note:
    """Note at a nonconformity that an assessment made it graver."""
    told = event.data
    return Note(
        subject_kind="nonconformity",
        subject_id=told.nonconformity_id,
        name=f"severity {event.version}",
        kind=Kind.CASE,
        action="nonconformity_severity_raised",
        at=event.occurred_at,
        actor=event.actor,
        changes={
            "nonconformity": told.number,
            "severity": [told.previous_severity.value, told.severity.value],
        },
    )


def note_of_moved(event: Event[NonconformityDispositionedV1 | NonconformityClosedV1]) -> Note:
    """Note at a nonconformity what is done with what is affected, or that nothing is left to do."""
    told = event.data
    # By its own time, not by the version, so that what is told again is the same fact.
    match told:
        case NonconformityDispositionedV1(dispositions=dispositions, rationale=reason, dispositioned_at=at):
            action, name = "nonconformity_dispositioned", f"dispositioned {instant_text(at)}"
            changes = dict[str, object](dispositions=list(dispositions))
        case NonconformityClosedV1(case_needed=needed, closed_at=at):
            action, name, reason = "nonconformity_closed", "closed", ""
            changes = dict[str, object](case_needed=needed)
        case never:
            assert_never(never)
    return Note(
        subject_kind="nonconformity",
        subject_id=told.nonconformity_id,
        name=name,
        kind=Kind.CASE,
        action=action,
        at=at,
        actor=event.actor,
        changes={"nonconformity": told.number, **changes},
        reason=reason,
    )


def note_of_action(event: Event[ActionTold]) -> Note:
    """Note what happened to an action: one fact for each of its versions."""
    told = event.data
    action, changes, reason = "", dict[str, object](), ""
    match told:
        case ActionAssignedV1(owner=owner, team=team, due_at=due_at):
            action = "action_assigned"
            changes = {"owner": owner, "team": team, "due_at": instant_text(due_at)}
        case ActionReassignedV1(owner=owner, previous_owner=previous, reason=reason):
            action, changes = "action_reassigned", {"owner": [previous, owner]}
        case ActionDueChangedV1(due_at=due_at, previous_due_at=before, reason=reason):
            action, changes = "action_due_changed", {"due_at": [instant_text(before), instant_text(due_at)]}
        case ActionCompletedV1(punctuality=punctuality, completed_at=completed_at):
            action = "action_completed"
            changes = {"punctuality": punctuality.value, "completed_at": instant_text(completed_at)}
        case ActionEvidenceRejectedV1(reason=reason):
            action = "action_evidence_rejected"
        case ActionVerifiedV1():
            action = "action_verified"
        case ActionCancelledV1(reason=reason):
            action = "action_cancelled"
        case never:
            assert_never(never)
    return Note(
        subject_kind="action",
        subject_id=told.action_id,
        name=f"version {event.version}",
        kind=Kind.CASE,
        action=action,
        at=event.occurred_at,
        actor=event.actor,
        changes={"action": told.number, **changes},
        reason=reason,
    )
