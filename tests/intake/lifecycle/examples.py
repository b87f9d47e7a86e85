"""Good values for every step, and complaints in memory to take them."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from common.actor import Actor
from intake.domain.complaint import Account, Channel, Complaint, Severity, State
from intake.domain.lifecycle import commands
from intake.domain.lifecycle.guards import Case, Seen, Situation
from intake.domain.lifecycle.handling import UNTOUCHED, Handling
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.domain.lifecycle.taking import AnyCommand
from intake.domain.lifecycle.words import Level, Reportability, Step, Validity
from tests.intake.world import NOON

ANNA, BERT, QUINN = (Actor("person", name) for name in ("anna", "bert", "quinn"))
POLICY = ClosingPolicy(
    version="7",
    response_period=timedelta(days=28),
    contact_attempts=2,
    closure_codes=("resolved", "no_reply"),
    needs_disposition=True,
)


def a_complaint(number: int = 1, *, product: str = "card", state: State = State.RECEIVED) -> Complaint:
    return Complaint(
        id=UUID(int=number),
        number=f"C-{number}",
        source_system="crm",
        external_id=None,
        source_updated_at=None,
        source_digest=b"",
        account=Account(
            channel=Channel.PHONE, reported_severity=Severity.MAJOR, product=product, description="Twice."
        ),
        aware_at=NOON,
        received_at=NOON,
        recorded_at=NOON,
        historical=False,
        correlation_id=UUID(int=100 + number),
        state=state,
    )


def a_case(handling: Handling = UNTOUCHED, *, state: State = State.RECEIVED, triaged: bool = True) -> Case:
    return Case(
        complaint=a_complaint(state=state),
        handling=handling,
        seen=Seen(triaged=triaged),
        has_duplicates=False,
    )


def at(hours: float = 1, *, actor: Actor = ANNA, policy: ClosingPolicy = POLICY) -> Situation:
    return Situation(actor=actor, now=NOON + timedelta(hours=hours), policy=policy)


def an_assessment(
    *, severity: Severity = Severity.MAJOR, reportability: Reportability = Reportability.NO
) -> commands.Assess:
    return commands.Assess(
        severity=severity,
        safety_flag=False,
        reportability=reportability,
        report_to=("authority",) if reportability is Reportability.YES else (),
        validity=Validity.JUSTIFIED,
        implication=Level.LOW,
        complexity=Level.LOW,
        impact=Level.HIGH,
        immediate_action=False,
        note="Seen.",
    )


ANSWER = commands.Respond(
    channel=Channel.LETTER,
    reply="We return it.",
    finding="It ran twice.",
    capa_required=False,
    capa_rationale="It has one.",
)
GOOD: dict[Step, AnyCommand] = {
    each.step: each
    for each in (
        commands.Acknowledge(channel=Channel.EMAIL),
        an_assessment(),
        commands.Reject(reason="A question."),
        commands.OverruleRejection(reason="No question."),
        commands.Link(master="C-2"),
        commands.Assign(owner="anna"),
        commands.StartInvestigation(),
        commands.WaiveInvestigation(reason="Known."),
        commands.UpdateCustomer(channel=Channel.PHONE),
        commands.WaitForCustomer(channel=Channel.PHONE, awaited="The receipt."),
        commands.EndWaiting(),
        ANSWER,
        commands.CustomerAccepts(),
        commands.CustomerRejects(reason="Not enough."),
        commands.RecordContactAttempt(channel=Channel.PHONE),
        commands.FileReport(authority="authority", reference="R-1"),
        commands.Close(closure_code="resolved"),
        commands.Refer(body="ombudsman"),
        commands.Withdraw(),
        commands.Reopen(reason="Again."),
    )
}


def a_good(step: Step, case: Case) -> AnyCommand:
    """The step with values that fit what is on record."""
    command, handling = GOOD[step], case.handling
    if isinstance(command, commands.Assign):
        return replace(command, owner="bert" if handling.owner == "anna" else "anna")
    if isinstance(command, commands.FileReport):
        return replace(command, reference=f"R-{len(handling.reports) + 1}")
    return command


def another(complaint: Complaint, handling: Handling = UNTOUCHED) -> commands.Other:
    """What a step must know of another complaint."""
    return commands.Other(
        id=complaint.id,
        number=complaint.number,
        product=complaint.account.product,
        ended=complaint.state in {State.NOT_A_COMPLAINT, State.WITHDRAWN},
        linked=complaint.state is State.LINKED,
        investigated=handling.response is not None and handling.response.finding is not None,
    )
