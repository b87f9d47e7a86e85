"""What happened by a step, as it is published: codes and times, never a text that anybody wrote."""

from datetime import datetime
from uuid import UUID

from common.actor import Actor
from common.ids import new_id
from events.contracts import lifecycle as told
from events.contracts import words
from events.envelope import Contract, Event
from intake.domain.complaint import Complaint
from intake.domain.lifecycle import facts
from intake.usecases.outgoing import SOURCE

# Named once: to find the type anew for each event costs as much as to make the event.
_Told = Event[Contract]


def published_step(
    complaint: Complaint,
    fact: facts.StepFact,
    *,
    actor: Actor,
    now: datetime,
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Event[Contract] | None:
    """Publish a fact about a complaint in the version that it left it in; None where nobody outside is told of it."""
    data = contract_of(complaint.id, complaint.number, fact)
    if data is None:
        return None
    key = str(complaint.id)
    return _Told(
        id=new_id(),
        source=SOURCE,
        key=key,
        subject=key,
        version=complaint.version,
        occurred_at=fact.at,
        recorded_at=now,
        actor=str(actor),
        correlation_id=complaint.correlation_id,
        traceparent=traceparent,
        tracestate=tracestate,
        data=data,
    )


def contract_of(complaint_id: UUID, number: str, fact: facts.StepFact) -> Contract | None:  # noqa: C901, PLR0911, PLR0912 - one line for each fact
    """Write a fact in the published language; None where nobody outside is told of it.

    An owner, a waived investigation, an attempt to reach somebody and a report stand in the complaint as it is read.
    """
    match fact:
        case facts.Acknowledged():
            return told.ComplaintAcknowledgedV1(
                complaint_id=complaint_id,
                number=number,
                acknowledged_at=fact.at,
                told_through=fact.channel.value,
            )
        case facts.Assessed():
            return _assessed(complaint_id, number, fact)
        case facts.Rejected():
            return told.ComplaintRejectedV1(complaint_id=complaint_id, number=number, rejected_at=fact.at)
        case facts.Linked():
            return told.ComplaintLinkedV1(
                complaint_id=complaint_id,
                number=number,
                master_id=fact.master_id,
                master_number=fact.master_number,
                linked_at=fact.at,
            )
        case facts.InvestigationStarted():
            return told.ComplaintInvestigationStartedV1(
                complaint_id=complaint_id, number=number, owner=fact.owner, team=fact.team, started_at=fact.at
            )
        case facts.CustomerUpdated() | facts.WaitingBegan() | facts.WaitingEnded():
            return _updated(complaint_id, number, fact)
        case facts.Responded():
            return _responded(complaint_id, number, fact)
        case facts.CustomerAccepted():
            return told.ComplaintCustomerAcceptedV1(
                complaint_id=complaint_id, number=number, accepted_at=fact.at
            )
        case facts.CustomerRejected():
            return told.ComplaintCustomerRejectedV1(
                complaint_id=complaint_id, number=number, rejected_at=fact.at
            )
        case facts.Closed():
            return _closed(complaint_id, number, fact)
        case facts.Referred():
            return told.ComplaintReferredV1(
                complaint_id=complaint_id, number=number, referred_to=fact.body, referred_at=fact.at
            )
        case facts.Withdrawn():
            return told.ComplaintWithdrawnV1(complaint_id=complaint_id, number=number, withdrawn_at=fact.at)
        case facts.Reopened():
            return told.ComplaintReopenedV1(
                complaint_id=complaint_id,
                number=number,
                reopened_at=fact.at,
                previous_state=fact.previous_state.value,
                state=fact.state.value,
                run=fact.run,
            )
        case _:
            return None


def _assessed(complaint_id: UUID, number: str, fact: facts.Assessed) -> Contract:
    return told.ComplaintAssessedV1(
        complaint_id=complaint_id,
        number=number,
        severity=words.Severity(fact.severity.value),
        product=fact.product,
        category=fact.category,
        safety_flag=fact.safety_flag,
        reportability=words.Reportability(fact.reportability.value),
        report_to=fact.report_to,
        validity=words.Validity(fact.validity.value),
        implication=words.Level(fact.implication.value),
        complexity=words.Level(fact.complexity.value),
        impact=words.Level(fact.impact.value),
        immediate_action=fact.immediate_action,
        assessed_at=fact.at,
    )


def _updated(
    complaint_id: UUID,
    number: str,
    fact: facts.CustomerUpdated | facts.WaitingBegan | facts.WaitingEnded,
) -> Contract:
    waiting = words.Waiting.UNCHANGED
    channel = None if isinstance(fact, facts.WaitingEnded) else fact.channel
    if not isinstance(fact, facts.CustomerUpdated):
        waiting = words.Waiting.BEGAN if isinstance(fact, facts.WaitingBegan) else words.Waiting.ENDED
    return told.ComplaintCustomerUpdatedV1(
        complaint_id=complaint_id,
        number=number,
        told_at=fact.at,
        told_through=None if channel is None else channel.value,
        waiting=waiting,
        answer_by=fact.answer_by if isinstance(fact, facts.CustomerUpdated) else None,
    )


def _responded(complaint_id: UUID, number: str, fact: facts.Responded) -> Contract:
    reportability = fact.reportability
    return told.ComplaintRespondedV1(
        complaint_id=complaint_id,
        number=number,
        responded_at=fact.at,
        told_through=fact.channel.value,
        investigated=fact.investigated,
        reportability=None if reportability is None else words.Reportability(reportability.value),
        capa_required=fact.capa_required,
        capa_reference=fact.capa_reference,
    )


def _closed(complaint_id: UUID, number: str, fact: facts.Closed) -> Contract:
    return told.ComplaintClosedV1(
        complaint_id=complaint_id,
        number=number,
        closed_at=fact.at,
        closure_code=fact.closure_code,
        ground=words.ClosureGround(fact.ended_by.value),
        severity=words.Severity(fact.severity.value),
        run=fact.run,
        policy_version=fact.policy_version,
    )
