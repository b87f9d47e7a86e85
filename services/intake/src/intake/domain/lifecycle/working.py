"""The steps of the work: investigate or not, tell the customer, wait for the customer, respond."""

from dataclasses import replace
from datetime import datetime

from common.refusals import FieldError
from intake.domain.complaint import State
from intake.domain.lifecycle import commands, facts
from intake.domain.lifecycle.guards import Case, Situation
from intake.domain.lifecycle.handling import HoldingReply, Response, Waiver
from intake.domain.lifecycle.moves import (
    Move,
    happened_at,
    latest,
    missing,
    needless,
    not_before,
    present,
    refuse_any,
    refused,
)
from intake.domain.lifecycle.refusals import Hindrance
from intake.domain.lifecycle.words import Obstacle


def start_investigation(command: commands.StartInvestigation, case: Case, situation: Situation) -> Move:
    """Begin to investigate; a decision not to is void."""
    at, handling = happened_at(command, case, situation), case.handling
    owner = present(handling.owner)
    begun = replace(
        handling,
        waiver=None,
        investigation_started_at=at,
        investigators=_with(handling.investigators, owner, situation.actor.id),
    )
    return Move(
        State.INVESTIGATING, begun, facts.InvestigationStarted(at=at, owner=owner, team=handling.team)
    )


def waive_investigation(
    command: commands.WaiveInvestigation, case: Case, situation: Situation, reused: commands.Other | None
) -> Move:
    """Decide that there is no investigation, or that an earlier one is used; whoever decides it is on record."""
    if reused is not None and (not reused.investigated or reused.id == case.complaint.id):
        raise refused(
            command.step,
            case,
            situation,
            Hindrance(
                Obstacle.NOT_REUSABLE,
                f"{reused.number} has no investigation with a finding that could be used here.",
                "name another complaint whose finding is on record, or leave `reuses` out",
            ),
        )
    at, handling = happened_at(command, case, situation), case.handling
    waiver = Waiver(
        at=at,
        by=str(situation.actor),
        reason=command.reason,
        reused_id=None if reused is None else reused.id,
        reused_number=None if reused is None else reused.number,
    )
    waived = replace(handling, waiver=waiver, investigators=_with(handling.investigators, situation.actor.id))
    fact = facts.InvestigationWaived(at=at, reused_id=waiver.reused_id, reused_number=waiver.reused_number)
    return Move(case.state, waived, fact, {"reason": command.reason})


def update_customer(command: commands.UpdateCustomer, case: Case, situation: Situation) -> Move:
    """Note that the customer was told how it stands; a holding reply says why the answer takes longer, and by when it comes."""
    at, handling = happened_at(command, case, situation), case.handling
    refuse_any(command.step, _half_held(command, at))
    told = replace(handling, last_contact_at=latest(handling.last_contact_at, at))
    if command.delay_reason is not None and command.answer_by is not None:
        reply = HoldingReply(
            at=at,
            by=str(situation.actor),
            channel=command.channel,
            reason=command.delay_reason,
            answer_by=command.answer_by,
        )
        told = replace(told, holding_reply=reply)
    fact = facts.CustomerUpdated(at=at, channel=command.channel, answer_by=command.answer_by)
    return Move(case.state, told, fact, {"note": command.note, "delay_reason": command.delay_reason})


def wait_for_customer(command: commands.WaitForCustomer, case: Case, situation: Situation) -> Move:
    """Note that the customer was asked, and that the work waits for the answer from then on."""
    at, handling = happened_at(command, case, situation), case.handling
    waiting = replace(
        handling,
        waiting_since=at,
        waiting_for=command.awaited,
        last_contact_at=latest(handling.last_contact_at, at),
    )
    return Move(
        case.state, waiting, facts.WaitingBegan(at=at, channel=command.channel), {"awaited": command.awaited}
    )


def end_waiting(command: commands.EndWaiting, case: Case, situation: Situation) -> Move:
    """Note that the work waits no longer."""
    at, handling = happened_at(command, case, situation), case.handling
    not_before(command, at, handling.waiting_since, "the waiting began")
    over = replace(handling, waiting_since=None, waiting_for=None)
    return Move(case.state, over, facts.WaitingEnded(at=at), {"note": command.note})


def respond(command: commands.Respond, case: Case, situation: Situation) -> Move:
    """Answer the customer: after an investigation with its finding and what follows from it, else as it was left.

    A duplicate is answered for itself and stays linked.
    """
    refuse_any(command.step, _misfits(command, case.state))
    at, handling = happened_at(command, case, situation), case.handling
    investigated = case.state is State.INVESTIGATING
    if investigated:
        not_before(command, at, handling.investigation_started_at, "the investigation began")
    response = Response(
        at=at,
        by=str(situation.actor),
        channel=command.channel,
        reply=command.reply,
        reply_reference=command.reply_reference,
        finding=command.finding,
        capa_required=command.capa_required,
        capa_reference=command.capa_reference,
        capa_rationale=command.capa_rationale,
    )
    answered = replace(
        handling,
        response=response,
        last_contact_at=latest(handling.last_contact_at, at),
        investigators=_with(handling.investigators, situation.actor.id, handling.owner)
        if investigated
        else handling.investigators,
    )
    fact = facts.Responded(
        at=at,
        channel=command.channel,
        investigated=investigated,
        reportability=None if handling.assessment is None else handling.assessment.reportability,
        capa_required=command.capa_required,
        capa_reference=command.capa_reference,
    )
    texts = {
        "reply": command.reply,
        "reply_reference": command.reply_reference,
        "finding": command.finding,
        "capa_rationale": command.capa_rationale,
    }
    return Move(State.LINKED if case.state is State.LINKED else State.RESPONDED, answered, fact, texts)


def _half_held(command: commands.UpdateCustomer, at: datetime) -> list[FieldError]:
    errors = []
    if command.delay_reason is None and command.answer_by is not None:
        errors.append(missing("delay_reason", "a holding reply says why the answer takes longer"))
    if command.answer_by is None and command.delay_reason is not None:
        errors.append(missing("answer_by", "a holding reply says by when the answer comes"))
    if command.answer_by is not None and command.answer_by <= at:
        errors.append(
            FieldError(
                "/answer_by",
                "time_before_cause",
                "does not lie after the customer was told",
                "send by when the answer was promised",
            )
        )
    return errors


def _misfits(command: commands.Respond, state: State) -> list[FieldError]:
    errors = []
    if command.reply is None and command.reply_reference is None:
        errors.append(missing("reply", "say what was answered, or where it is with `reply_reference`"))
    if state is State.INVESTIGATING:
        if command.finding is None:
            errors.append(missing("finding", "an investigation ends with what was found"))
        if command.capa_required is None:
            errors.append(missing("capa_required", "say whether a corrective action is required"))
    if command.capa_required is True and command.capa_reference is None:
        errors.append(missing("capa_reference", "name the corrective action that is required"))
    if command.capa_required is False and command.capa_rationale is None:
        errors.append(missing("capa_rationale", "say why no corrective action is required"))
    if command.capa_required is not True and command.capa_reference is not None:
        errors.append(needless("capa_reference", "no corrective action is required"))
    return errors


def _with(investigators: tuple[str, ...], *names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*investigators, *(name for name in names if name is not None)]))
