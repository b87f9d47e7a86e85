"""The steps that say what a complaint is: acknowledge, assess, reject and overrule, link, assign."""

from dataclasses import replace

from common.refusals import FieldError
from intake.domain.complaint import State
from intake.domain.lifecycle import commands, facts
from intake.domain.lifecycle.guards import Case, Situation
from intake.domain.lifecycle.handling import Assessment, Ended
from intake.domain.lifecycle.moves import (
    Move,
    happened_at,
    latest,
    missing,
    needless,
    present,
    refuse_any,
    refused,
)
from intake.domain.lifecycle.refusals import Hindrance
from intake.domain.lifecycle.words import Obstacle, Reportability


def acknowledge(command: commands.Acknowledge, case: Case, situation: Situation) -> Move:
    """Note that the customer was told that we have the complaint; where it stands stays."""
    at, handling = happened_at(command, case, situation), case.handling
    told = replace(handling, acknowledged_at=at, last_contact_at=latest(handling.last_contact_at, at))
    return Move(case.state, told, facts.Acknowledged(at=at, channel=command.channel))


def assess(command: commands.Assess, case: Case, situation: Situation) -> Move:
    """Assess, or assess again with what is known by now; the work goes on from where it stands."""
    refuse_any(command.step, _misfits(command))
    at, account = happened_at(command, case, situation), case.complaint.account
    former = case.handling.assessment
    category = command.category or (account.category if former is None else former.category)
    assessment = Assessment(
        at=at,
        by=str(situation.actor),
        severity=command.severity,
        category=category,
        safety_flag=command.safety_flag,
        reportability=command.reportability,
        report_to=tuple(dict.fromkeys(command.report_to)),
        validity=command.validity,
        implication=command.implication,
        complexity=command.complexity,
        impact=command.impact,
        immediate_action=command.immediate_action,
        immediate_action_taken=command.immediate_action_taken,
        note=command.note,
    )
    fact = facts.Assessed(
        at=at,
        severity=command.severity,
        product=account.product,
        category=category,
        safety_flag=command.safety_flag,
        reportability=command.reportability,
        report_to=assessment.report_to,
        validity=command.validity,
        implication=command.implication,
        complexity=command.complexity,
        impact=command.impact,
        immediate_action=command.immediate_action,
    )
    state = State.ASSESSED if case.state is State.RECEIVED else case.state
    texts = {"immediate_action_taken": command.immediate_action_taken, "note": command.note}
    return Move(state, replace(case.handling, assessment=assessment), fact, texts)


def reject(command: commands.Reject, case: Case, situation: Situation) -> Move:
    """Find that it is no complaint."""
    at = happened_at(command, case, situation)
    ended = Ended(at=at, by=str(situation.actor), reason=command.reason)
    return Move(
        State.NOT_A_COMPLAINT,
        replace(case.handling, ended=ended),
        facts.Rejected(at=at),
        {"reason": command.reason},
    )


def overrule_rejection(command: commands.OverruleRejection, case: Case, situation: Situation) -> Move:
    """Find that it is a complaint after all; the work goes on from where it stood, in a new run."""
    at, handling = happened_at(command, case, situation), case.handling
    state = State.RECEIVED if handling.assessment is None else State.ASSESSED
    again = replace(handling, run=handling.run + 1, reopened=handling.reopened + 1, ended=None)
    fact = facts.Reopened(at=at, previous_state=case.state, state=state, run=again.run, overruled=True)
    return Move(state, again, fact, {"reason": command.reason})


def link(command: commands.Link, case: Case, situation: Situation, master: commands.Other | None) -> Move:
    """Link it as a duplicate of `master`, which must be handled itself and be about the same product."""
    master = present(master)

    def no(code: Obstacle, detail: str, fix: str) -> Exception:
        return refused(command.step, case, situation, Hindrance(code, detail, fix))

    if master.id == case.complaint.id:
        raise no(Obstacle.MASTER_SELF, "A complaint is no duplicate of itself.", "name another complaint")
    if master.linked:
        raise no(
            Obstacle.MASTER_LINKED,
            f"{master.number} is a duplicate itself, and there are no chains of duplicates.",
            "name the complaint that it is linked to",
        )
    if master.ended:
        raise no(
            Obstacle.MASTER_ENDED,
            f"{master.number} was rejected or withdrawn, so that nobody handles it.",
            "name a complaint that is handled",
        )
    if master.product != case.complaint.account.product:
        raise no(
            Obstacle.MASTER_PRODUCT,
            f"{master.number} is about {master.product} and this one about {case.complaint.account.product}.",
            "name a complaint about the same product, or correct the product first",
        )
    at = happened_at(command, case, situation)
    linked = replace(case.handling, master_id=master.id, master_number=master.number)
    fact = facts.Linked(at=at, master_id=master.id, master_number=master.number)
    return Move(State.LINKED, linked, fact, {"note": command.note})


def assign(command: commands.Assign, case: Case, situation: Situation) -> Move:
    """Give it an owner, or another one."""
    handling = case.handling
    if (handling.owner, handling.team) == (command.owner, command.team):
        raise refused(
            command.step,
            case,
            situation,
            Hindrance(Obstacle.OWNER_SAME, f"{command.owner} owns it already.", "name another owner or team"),
        )
    at = happened_at(command, case, situation)
    fact = facts.OwnerAssigned(at=at, owner=command.owner, team=command.team, previous_owner=handling.owner)
    return Move(
        case.state,
        replace(handling, owner=command.owner, team=command.team),
        fact,
        {"note": command.note},
    )


def _misfits(command: commands.Assess) -> list[FieldError]:
    errors = []
    if command.reportability is Reportability.YES and not command.report_to:
        errors.append(missing("report_to", "a reportable complaint names the authorities that must be told"))
    if command.reportability is not Reportability.YES and command.report_to:
        errors.append(needless("report_to", "only a reportable complaint has authorities that must be told"))
    if command.immediate_action_taken is not None and not command.immediate_action:
        errors.append(needless("immediate_action_taken", "no immediate action is needed"))
    return errors
