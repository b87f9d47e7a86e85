"""Takes one step of a complaint: all of it, or a refusal that says why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

from intake.domain.complaint import Complaint
from intake.domain.lifecycle import commands, facts, finishing, judging, working
from intake.domain.lifecycle.forgetting import refuse_person
from intake.domain.lifecycle.guards import Case, Situation, hindrances, possible
from intake.domain.lifecycle.handling import Handling
from intake.domain.lifecycle.moves import Move
from intake.domain.lifecycle.refusals import StepRefused
from intake.domain.lifecycle.words import Step

AnyCommand = (
    commands.Acknowledge
    | commands.Assess
    | commands.Reject
    | commands.OverruleRejection
    | commands.Link
    | commands.Assign
    | commands.StartInvestigation
    | commands.WaiveInvestigation
    | commands.UpdateCustomer
    | commands.WaitForCustomer
    | commands.EndWaiting
    | commands.Respond
    | commands.CustomerAccepts
    | commands.CustomerRejects
    | commands.RecordContactAttempt
    | commands.FileReport
    | commands.Close
    | commands.Refer
    | commands.Withdraw
    | commands.Reopen
)

_END_WAITING: Final = frozenset(
    {
        Step.RESPOND,
        Step.CUSTOMER_ACCEPTS,
        Step.CUSTOMER_REJECTS,
        Step.REJECT,
        Step.CLOSE,
        Step.REFER,
        Step.WITHDRAW,
    }
)
"""The steps after which nobody waits for the customer any more, though nobody ended the waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A complaint after a step, what has been done by then, what happened (first what the step is about), and its texts."""

    complaint: Complaint
    handling: Handling
    facts: tuple[facts.StepFact, ...]
    texts: Mapping[str, str]


def take(
    command: AnyCommand, case: Case, situation: Situation, *, other: commands.Other | None = None
) -> Taken:
    """Take a step.

    `other` is the complaint that the command names beside: the master of a duplicate, or the one whose investigation is
    used. Raises StepRefused with every reason, StepInvalid with every value that is at fault, FromTheFuture, and
    ComplaintErased for texts that would bring back the person of an erased complaint.
    """
    found = hindrances(command.step, case, situation)
    if found:
        raise StepRefused(command.step, case.state, found, allowed=possible(case, situation))
    if case.complaint.erased_at is not None:
        refuse_person(command)
    move = _moved(command, case, situation, other)
    handling, happened = move.handling, [move.fact]
    if command.step in _END_WAITING and handling.waiting_since is not None:
        happened.append(facts.WaitingEnded(at=max(move.fact.at, handling.waiting_since)))
        handling = replace(handling, waiting_since=None, waiting_for=None)
    complaint = replace(case.complaint, state=move.state, version=case.complaint.version + 1)
    texts = {name: text for name, text in move.texts.items() if text is not None}
    return Taken(complaint=complaint, handling=handling, facts=tuple(happened), texts=texts)


def _moved(command: AnyCommand, case: Case, situation: Situation, other: commands.Other | None) -> Move:  # noqa: C901, PLR0911, PLR0912 - one line for each step
    match command:
        case commands.Acknowledge():
            return judging.acknowledge(command, case, situation)
        case commands.Assess():
            return judging.assess(command, case, situation)
        case commands.Reject():
            return judging.reject(command, case, situation)
        case commands.OverruleRejection():
            return judging.overrule_rejection(command, case, situation)
        case commands.Link():
            return judging.link(command, case, situation, other)
        case commands.Assign():
            return judging.assign(command, case, situation)
        case commands.StartInvestigation():
            return working.start_investigation(command, case, situation)
        case commands.WaiveInvestigation():
            return working.waive_investigation(command, case, situation, other)
        case commands.UpdateCustomer():
            return working.update_customer(command, case, situation)
        case commands.WaitForCustomer():
            return working.wait_for_customer(command, case, situation)
        case commands.EndWaiting():
            return working.end_waiting(command, case, situation)
        case commands.Respond():
            return working.respond(command, case, situation)
        case commands.CustomerAccepts():
            return finishing.customer_accepts(command, case, situation)
        case commands.CustomerRejects():
            return finishing.customer_rejects(command, case, situation)
        case commands.RecordContactAttempt():
            return finishing.record_contact_attempt(command, case, situation)
        case commands.FileReport():
            return finishing.file_report(command, case, situation)
        case commands.Close():
            return finishing.close(command, case, situation)
        case commands.Refer():
            return finishing.refer(command, case, situation)
        case commands.Withdraw():
            return finishing.withdraw(command, case, situation)
        case commands.Reopen():
            return finishing.reopen(command, case, situation)
        case never:
            assert_never(never)
