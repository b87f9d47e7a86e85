"""Facts as lines of history: what changed from what to what, by whom and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from capa.domain.action import Action
from capa.domain.case.case import Case
from capa.domain.case.plain import changes as changes_of_case
from capa.domain.case.plain import plain
from capa.domain.facts import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionFact,
    ActionGiven,
    ActionOpened,
    ActionReassigned,
    ActionVerified,
    CaseNeedDecided,
    ComplaintLinked,
    ComplaintNoted,
    CostRecorded,
    DueChanged,
    EvidenceRejected,
    ExtensionAsked,
    ExtensionDecided,
    NonconformityClosed,
    NonconformityDescribed,
    NonconformityDispositioned,
    NonconformityFact,
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
    }
    if fact.complaint_id is not None:
        changes["complaint_id"] = str(fact.complaint_id)
    else:
        changes["origin"] = nonconformity.origin.value
        changes["origin_reference"] = nonconformity.origin_reference
        changes["affected"] = plain(nonconformity.affected)
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


def of_nonconformity(
    nonconformity: Nonconformity, fact: NonconformityFact, at: datetime, actor: Actor
) -> Change:
    """Write down what people did with a nonconformity."""
    match fact:
        case ComplaintLinked():
            return of_linked(nonconformity, fact, at, actor)
        case NonconformityDescribed(previous_description, previous_affected):
            described: dict[str, object] = {
                "description": _moved(previous_description, nonconformity.description),
                "affected": {"from": plain(previous_affected), "to": plain(nonconformity.affected)},
            }
            return Change(at, str(actor), "described", described)
        case NonconformityDispositioned(previous):
            decided = {"disposition": {"from": plain(previous), "to": plain(nonconformity.disposition)}}
            rationale = nonconformity.disposition.rationale if nonconformity.disposition else ""
            return Change(at, str(actor), "dispositioned", decided, rationale)
        case CaseNeedDecided(previous):
            need = {"case_decision": {"from": plain(previous), "to": plain(nonconformity.case_decision)}}
            why = nonconformity.case_decision.rationale if nonconformity.case_decision else ""
            return Change(at, str(actor), "case_decided", need, why)
        case NonconformityClosed(reason):
            return Change(at, str(actor), "closed", {"state": _moved("open", "closed")}, reason)
        case never:
            assert_never(never)


def of_case(
    before: Case | None, after: Case, step: str, *, at: datetime, actor: Actor, reason: str = ""
) -> Change:
    """Write down a step of a case: every field that changed, what was signed, and which signatures became void."""
    if before is None:
        changes: dict[str, object] = {
            name: plain(getattr(after, name))
            for name in (
                "title",
                "description",
                "product",
                "category",
                "severity",
                "nonconformity_ids",
                "recurrence_of",
            )
        }
        return Change(at, str(actor), step, changes, reason)
    changes = changes_of_case(before, after)
    known = {each.id: each for each in before.signatures}
    if signed := [each for each in after.signatures if each.id not in known]:
        changes["signed"] = plain(tuple(signed))
    voided = [
        each.id
        for each in after.signatures
        if each.voided_at is not None and each.id in known and known[each.id].voided_at is None
    ]
    if voided:
        changes["signatures_voided"] = plain(tuple(voided))
    return Change(at, str(actor), step, changes, reason)


def of_action(
    action: Action,
    fact: ActionFact,
    at: datetime,
    actor: Actor,
    given_because: str = "by the triage policy",
) -> Change:
    """Write down what happened to an action."""
    match fact:
        case ActionGiven():
            given: dict[str, object] = {
                "owner": action.owner,
                "team": action.team,
                "due_at": _instant(action.due.at),
            }
            if action.causes:
                given["causes"] = plain(action.causes)
            return Change(at, str(actor), "given", given, given_because)
        case ActionAssigned() | ActionReassigned():
            return _of_hands(action, fact, at, actor)
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
        case _:
            return _of_later(action, fact, at, actor)


def _of_hands(action: Action, fact: ActionAssigned | ActionReassigned, at: datetime, actor: Actor) -> Change:
    match fact:
        case ActionAssigned(previous_team, reason):
            return Change(at, str(actor), "assigned", _hands(action, None, previous_team), reason)
        case ActionReassigned(previous_owner, previous_team, reason):
            return Change(at, str(actor), "reassigned", _hands(action, previous_owner, previous_team), reason)
        case never:
            assert_never(never)


def _of_later(
    action: Action,
    fact: ActionOpened | EvidenceRejected | ActionVerified | CostRecorded | ExtensionAsked | ExtensionDecided,
    at: datetime,
    actor: Actor,
) -> Change:
    match fact:
        case ActionOpened():
            opened = {"state": _moved("planned", "open")}
            return Change(at, str(actor), "opened", opened, "the plan was approved")
        case EvidenceRejected(previous_evidence, reason):
            back = {"evidence": _moved(previous_evidence, None)}
            return Change(at, str(actor), "evidence_rejected", back, reason)
        case ActionVerified(statement):
            return Change(at, str(actor), "verified", {"check": plain(action.check)}, statement)
        case CostRecorded(previous, cost):
            note = "" if action.cost is None else action.cost.note
            return Change(at, str(actor), "cost_recorded", {"cost": _moved(previous, cost)}, note)
        case ExtensionAsked(proposed_due_at, reason):
            asked: dict[str, object] = {"proposed_due_at": _instant(proposed_due_at)}
            return Change(at, str(actor), "extension_requested", asked, reason)
        case ExtensionDecided(granted, previous_due_at, reason):
            decided: dict[str, object] = {
                "granted": granted,
                "due_at": _moved(_instant(previous_due_at), _instant(action.due.at)),
            }
            return Change(at, str(actor), "extension_decided", decided, reason)
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
