"""Facts as lines of history: what changed from what to what, by whom and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from capa.domain.action import Action
from capa.domain.facts import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionFact,
    ActionGiven,
    ActionReassigned,
    ComplaintLinked,
    ComplaintNoted,
    DueChanged,
    NonconformityRaised,
    SeverityRaised,
)
from capa.domain.nonconformity import Nonconformity
from common.actor import Actor


@dataclass(frozen=True, slots=True)
class Change:
    """One line of history before it is chained to the one before; `changes` is plain JSON."""

    at: datetime
    actor: str
    action: str
    changes: Mapping[str, object]
    reason: str = ""


def of_raised(nonconformity: Nonconformity, fact: NonconformityRaised, actor: Actor) -> Change:
    """Write down that a nonconformity was raised."""
    changes: dict[str, object] = {
        "product": nonconformity.product,
        "category": nonconformity.category,
        "severity": nonconformity.severity.value,
        "complaint_id": str(fact.complaint_id),
    }
    return Change(nonconformity.raised_at, str(actor), "raised", changes, fact.explanation)


def of_linked(nonconformity: Nonconformity, fact: ComplaintLinked, at: datetime, actor: Actor) -> Change:
    """Write down that a complaint was linked, and that it raised the severity where it did."""
    changes: dict[str, object] = {
        "complaint_id": str(fact.complaint_id),
        "complaints": nonconformity.complaints,
    }
    if nonconformity.severity is fact.previous_severity:
        return Change(at, str(actor), "complaint_linked", changes)
    changes["severity"] = _moved(fact.previous_severity.value, nonconformity.severity.value)
    reason = f"complaint {fact.complaint_number} is of severity {nonconformity.severity}"
    return Change(at, str(actor), "complaint_linked", changes, reason)


def of_severity(nonconformity: Nonconformity, fact: SeverityRaised, at: datetime, actor: Actor) -> Change:
    """Write down that the assessment of a complaint raised the severity."""
    changes: dict[str, object] = {
        "complaint_id": str(fact.complaint_id),
        "severity": _moved(fact.previous_severity.value, nonconformity.severity.value),
    }
    reason = f"complaint {fact.complaint_number} was assessed as {nonconformity.severity}"
    return Change(at, str(actor), "severity_raised", changes, reason)


def of_noted(fact: ComplaintNoted, at: datetime, actor: Actor) -> Change:
    """Write down that a complaint ended, or was taken up again; it stays linked."""
    action = "complaint_reopened" if fact.ended is None else f"complaint_{fact.ended}"
    # A complaint that was linked to a nonconformity is another thing than one that was linked to a complaint.
    action = "complaint_is_duplicate" if fact.ended == "linked" else action
    return Change(at, str(actor), action, {"complaint_id": str(fact.complaint_id)})


def of_action(action: Action, fact: ActionFact, at: datetime, actor: Actor) -> Change:
    """Write down what happened to an action."""
    match fact:
        case ActionGiven():
            given: dict[str, object] = {
                "owner": action.owner,
                "team": action.team,
                "due_at": _instant(action.due.at),
            }
            return Change(at, str(actor), "given", given, "by the triage policy")
        case ActionAssigned(previous_team, reason):
            return Change(at, str(actor), "assigned", _hands(action, None, previous_team), reason)
        case ActionReassigned(previous_owner, previous_team, reason):
            return Change(at, str(actor), "reassigned", _hands(action, previous_owner, previous_team), reason)
        case DueChanged(previous_due_at, reason):
            moved = {"due_at": _moved(_instant(previous_due_at), _instant(action.due.at))}
            return Change(at, str(actor), "due_changed", moved, reason)
        case ActionCompleted():
            done: dict[str, object] = {
                "completed_at": _instant(action.completed_at) if action.completed_at else None,
                "evidence": action.evidence,
                "punctuality": action.punctuality.value if action.punctuality else None,
            }
            return Change(at, str(actor), "completed", done)
        case ActionCancelled(reason):
            return Change(at, str(actor), "cancelled", {}, reason)
        case never:
            assert_never(never)


def _hands(action: Action, previous_owner: str | None, previous_team: str | None) -> dict[str, object]:
    changes: dict[str, object] = {}
    if action.owner != previous_owner:
        changes["owner"] = _moved(previous_owner, action.owner)
    if action.team != previous_team:
        changes["team"] = _moved(previous_team, action.team)
    return changes


def _moved(before: str | None, after: str | None) -> dict[str, object]:
    return {"from": before, "to": after}


def _instant(value: datetime) -> str:
    return value.isoformat()
