"""The steps towards the end and back: what the customer says, attempts, reports, close, refer, withdraw, reopen."""

from dataclasses import replace

from intake.domain.complaint import State
from intake.domain.lifecycle import commands, facts
from intake.domain.lifecycle.guards import Case, Situation, ending
from intake.domain.lifecycle.handling import Closure, Contact, Ended, Handling, Report
from intake.domain.lifecycle.moves import Move, happened_at, invalid, not_before, present, refused
from intake.domain.lifecycle.refusals import Hindrance
from intake.domain.lifecycle.words import Obstacle

_SENT = "the answer was sent"


def customer_accepts(command: commands.CustomerAccepts, case: Case, situation: Situation) -> Move:
    """Note that the customer agrees with the answer."""
    at, handling = happened_at(command, case, situation), case.handling
    not_before(command, at, present(handling.response).at, _SENT)
    return Move(
        case.state,
        replace(handling, accepted_at=at),
        facts.CustomerAccepted(at=at),
        {"note": command.note},
    )


def customer_rejects(command: commands.CustomerRejects, case: Case, situation: Situation) -> Move:
    """Note that the customer does not agree, and go on investigating; the history keeps the answer."""
    at, handling = happened_at(command, case, situation), case.handling
    not_before(command, at, present(handling.response).at, _SENT)
    again = replace(
        handling,
        investigation_started_at=handling.investigation_started_at or at,
        waiver=None,
        holding_reply=None,
        response=None,
        accepted_at=None,
        contacts=(),
        customer_rejections=handling.customer_rejections + 1,
    )
    return Move(State.INVESTIGATING, again, facts.CustomerRejected(at=at), {"reason": command.reason})


def record_contact_attempt(command: commands.RecordContactAttempt, case: Case, situation: Situation) -> Move:
    """Note that somebody tried to reach the customer after the answer; two attempts have two dates."""
    at, handling = happened_at(command, case, situation), case.handling
    not_before(command, at, present(handling.response).at, _SENT)
    if any(contact.at == at for contact in handling.contacts):
        raise invalid(
            command.step,
            "at",
            "attempt_known",
            "is that of an attempt on record",
            "send when this one was made",
        )
    contact = Contact(at=at, by=str(situation.actor), channel=command.channel, note=command.note)
    contacts = (*handling.contacts, contact)
    fact = facts.ContactAttempted(at=at, channel=command.channel, attempts=len(contacts))
    return Move(case.state, replace(handling, contacts=contacts), fact, {"note": command.note})


def file_report(command: commands.FileReport, case: Case, situation: Situation) -> Move:
    """Note that an authority got its report; a complaint that has ended may still be reported."""
    at, handling = happened_at(command, case, situation), case.handling
    report = Report(at=at, by=str(situation.actor), authority=command.authority, reference=command.reference)
    known = {(each.authority, each.reference) for each in handling.reports}
    if (report.authority, report.reference) in known:
        raise refused(
            command.step,
            case,
            situation,
            Hindrance(
                Obstacle.REPORT_KNOWN,
                f"The report {report.reference} to {report.authority} is on record.",
                "send the reference of another report",
            ),
        )
    fact = facts.ReportFiled(at=at, authority=command.authority, reference=command.reference)
    return Move(case.state, replace(handling, reports=(*handling.reports, report)), fact)


def close(command: commands.Close, case: Case, situation: Situation) -> Move:
    """Close it now, with a code of the policy."""
    policy, now = situation.policy, situation.now
    if command.closure_code not in policy.closure_codes:
        raise invalid(
            command.step,
            "closure_code",
            "closure_code_unknown",
            "is no code of the policy",
            f"send one of {', '.join(policy.closure_codes)}",
        )
    ended_by = present(ending(case, situation))
    closure = Closure(
        at=now,
        by=str(situation.actor),
        code=command.closure_code,
        ended_by=ended_by,
        policy_version=policy.version,
        note=command.note,
    )
    fact = facts.Closed(
        at=now,
        closure_code=command.closure_code,
        ended_by=ended_by,
        policy_version=policy.version,
        severity=present(case.handling.assessment).severity,
        run=case.handling.run,
    )
    return Move(State.CLOSED, replace(case.handling, closure=closure), fact, {"note": command.note})


def refer(command: commands.Refer, case: Case, situation: Situation) -> Move:
    """Note that a body outside deals with it."""
    at = happened_at(command, case, situation)
    ended = Ended(at=at, by=str(situation.actor), body=command.body)
    return Move(
        State.REFERRED,
        replace(case.handling, ended=ended),
        facts.Referred(at=at, body=command.body),
        {"note": command.note},
    )


def withdraw(command: commands.Withdraw, case: Case, situation: Situation) -> Move:
    """Note that the complainant took it back."""
    at = happened_at(command, case, situation)
    ended = Ended(at=at, by=str(situation.actor), reason=command.reason)
    # What it was linked to is in the history; a complaint that is taken back is nobody's duplicate.
    withdrawn = replace(case.handling, ended=ended, master_id=None, master_number=None)
    return Move(State.WITHDRAWN, withdrawn, facts.Withdrawn(at=at), {"reason": command.reason})


def reopen(command: commands.Reopen, case: Case, situation: Situation) -> Move:
    """Take it up again in a new run; what the earlier runs came to stays in the history."""
    at = happened_at(command, case, situation)
    again = _new_run(case.handling)
    if case.state in {State.CLOSED, State.REFERRED}:
        state, again = State.INVESTIGATING, replace(again, investigation_started_at=at)
    elif again.investigation_started_at is not None:
        state = State.INVESTIGATING
    else:
        state = State.RECEIVED if again.assessment is None else State.ASSESSED
    if case.state is State.LINKED:
        # The customer said nothing new, so that the acknowledgement stands.
        again = replace(again, acknowledged_at=case.handling.acknowledged_at)
    fact = facts.Reopened(at=at, previous_state=case.state, state=state, run=again.run)
    return Move(state, again, fact, {"reason": command.reason})


def _new_run(handling: Handling) -> Handling:
    return Handling(
        run=handling.run + 1,
        reopened=handling.reopened + 1,
        owner=handling.owner,
        team=handling.team,
        assessment=handling.assessment,
        investigation_started_at=handling.investigation_started_at,
        last_contact_at=handling.last_contact_at,
        customer_rejections=handling.customer_rejections,
        reports=handling.reports,
    )
