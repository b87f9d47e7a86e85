"""What happened to a case, as the events that capa announces under the case's key."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from capa.domain.case import facts
from capa.domain.case.case import Case
from capa.domain.case.values import Deadline, RecurrenceFound, Review
from capa.domain.facts import ExtensionAsked, ExtensionDecided
from capa.usecases.cause import Cause
from capa.usecases.outgoing import event_of
from events.contracts import case as told
from events.contracts.deadline import DeadlineMetV1, DeadlineSetV1, DeadlineVoidedV1
from events.contracts.words import EffectivenessResult, Punctuality, Severity
from events.envelope import Contract, Event

SUBJECT_KIND = "case"
LADDER = "default"
_MOST_TEXT = 2_000
"""As much of what staff wrote as an event carries."""


class CaseAnnouncer:
    """Writes events; links lead to `base_url`, or are paths where there is none."""

    def __init__(self, base_url: str | None) -> None:
        self._base = (base_url or "").rstrip("/")

    def of_case(
        self, case: Case, happened: Iterable[facts.CaseFact], at: datetime, cause: Cause
    ) -> tuple[Event[Contract], ...]:
        """Tell what happened to a case, and after it what that means for its deadlines."""
        return tuple(
            event_of(
                data,
                key=case.id,
                subject=case.id,
                version=case.version,
                at=at,
                story=case.correlation_id,
                cause=cause,
            )
            for fact in happened
            for data in self._told(case, fact, at)
        )

    def _told(self, case: Case, fact: facts.CaseFact, at: datetime) -> tuple[Contract, ...]:
        match fact:
            case facts.Noted():
                return ()
            case facts.DeadlineStarted(deadline):
                told_of: Contract = self._deadline_set(case, deadline)
            case facts.DeadlineMet(deadline, met_at):
                told_of = _deadline_met(case, deadline, met_at)
            case facts.DeadlineVoided(deadline, reason):
                told_of = _deadline_voided(case, deadline, reason)
            case facts.Requested() | facts.Accepted() | facts.Rejected() | facts.Contained():
                told_of = _beginning(case, fact)
            case facts.CauseConfirmed() | facts.PlanApproved():
                told_of = _planning(case, fact, at)
            case (
                facts.Implemented()
                | facts.Verified()
                | facts.MonitoringStarted()
                | facts.EffectDecided()
                | facts.Closed()
                | facts.Recurred()
            ):
                told_of = _effect(case, fact, at)
            case facts.Reopened() | facts.PutOnHold() | facts.Resumed() | facts.Cancelled():
                told_of = _turn(case, fact, at)
            case ExtensionAsked() | ExtensionDecided():
                told_of = _extension(case, fact, at)
            case never:
                assert_never(never)
        return (told_of,)

    def _deadline_set(self, case: Case, deadline: Deadline) -> DeadlineSetV1:
        return DeadlineSetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=case.id,
            clock=deadline.clock.value,
            generation=deadline.generation,
            title=f"{deadline.clock.value.capitalize()}: {case.title}"[:_MOST_TEXT],
            due_at=deadline.due.at,
            owner=deadline.owner,
            team=deadline.team,
            severity=Severity(case.severity.value),
            link=f"{self._base}/v1/cases/{case.id}",
            ladder=LADDER,
            calendar=deadline.due.calendar,
            policy_version=deadline.due.policy_version,
            explanation=dict(deadline.due.explanation),
        )


def _beginning(
    case: Case, fact: facts.Requested | facts.Accepted | facts.Rejected | facts.Contained
) -> Contract:
    match fact:
        case facts.Requested():
            return told.CaseRequestedV1(
                case_id=case.id,
                number=case.number,
                title=case.title,
                product=case.product,
                category=case.category,
                severity=Severity(case.severity.value),
                nonconformity_ids=case.nonconformity_ids,
                recurrence_of=case.recurrence_of,
                requested_at=case.requested_at,
            )
        case facts.Accepted():
            if case.accepted_at is None or case.due is None or case.risk is None:
                raise ValueError(f"{case.number} is not accepted")
            return told.CaseAcceptedV1(
                case_id=case.id,
                number=case.number,
                owner=case.owner or "",
                approver=case.approver or "",
                severity=Severity(case.severity.value),
                risk=case.risk.level.value,
                due_at=case.due.at,
                accepted_at=case.accepted_at,
            )
        case facts.Rejected(explanation):
            if case.rejection is None or case.closed_at is None:
                raise ValueError(f"{case.number} is not rejected")
            return told.CaseRejectedV1(
                case_id=case.id,
                number=case.number,
                rejection=case.rejection.value,
                explanation=explanation,
                rejected_at=case.closed_at,
            )
        case facts.Contained():
            if case.containment is None:
                raise ValueError(f"{case.number} is not contained")
            return told.CaseContainedV1(
                case_id=case.id,
                number=case.number,
                contained_at=case.containment.validated_at,
                containment_needed=case.containment.needed,
                explanation=case.containment.explanation,
            )
        case never:
            assert_never(never)


def _planning(case: Case, fact: facts.CauseConfirmed | facts.PlanApproved, at: datetime) -> Contract:
    match fact:
        case facts.CauseConfirmed(cause):
            return told.CaseRootCauseVerifiedV1(
                case_id=case.id,
                number=case.number,
                cause_id=cause.id,
                cause_kind=cause.kind.value,
                method=cause.method.value,
                statement=cause.statement,
                verified_at=at if cause.test is None else cause.test.tested_at,
            )
        case facts.PlanApproved():
            return told.CasePlanApprovedV1(
                case_id=case.id,
                number=case.number,
                approver=case.approver or "",
                actions=case.approved_actions,
                cycle=case.cycle,
                approved_at=case.plan_approved_at or at,
            )
        case never:
            assert_never(never)


def _effect(
    case: Case,
    fact: facts.Implemented
    | facts.Verified
    | facts.MonitoringStarted
    | facts.EffectDecided
    | facts.Closed
    | facts.Recurred,
    at: datetime,
) -> Contract:
    match fact:
        case facts.Implemented():
            return told.CaseImplementedV1(
                case_id=case.id,
                number=case.number,
                implemented_at=case.implemented_at or at,
                cycle=case.cycle,
            )
        case facts.Verified():
            verified = at if case.verification is None else case.verification.verified_at
            return told.CaseVerifiedV1(
                case_id=case.id, number=case.number, verified_at=verified, cycle=case.cycle
            )
        case facts.MonitoringStarted():
            return told.CaseMonitoringStartedV1(
                case_id=case.id,
                number=case.number,
                started_at=case.monitoring_from or at,
                ends_at=case.monitoring_until or at,
                cycle=case.cycle,
            )
        case facts.EffectDecided(cycle):
            return _decided(case, case.reviews[-1], cycle)
        case facts.Closed():
            return told.CaseClosedV1(
                case_id=case.id, number=case.number, cycle=case.cycle, closed_at=case.closed_at or at
            )
        case facts.Recurred(found):
            return _recurred(case, found)
        case never:
            assert_never(never)


def _recurred(case: Case, found: RecurrenceFound) -> told.CaseRecurredV1:
    return told.CaseRecurredV1(
        case_id=case.id,
        number=case.number,
        signal_id=found.signal_id,
        signal_number=found.signal_number,
        proposal=found.proposal.value,
        complaints=found.complaints,
        first_at=found.first_at,
        last_at=found.last_at,
        explanation=found.explanation[:_MOST_TEXT],
        cycle=found.cycle,
        recurred_at=found.found_at,
    )


def _decided(case: Case, review: Review, cycle: int) -> told.CaseEffectivenessDecidedV1:
    return told.CaseEffectivenessDecidedV1(
        case_id=case.id,
        number=case.number,
        result=EffectivenessResult(review.result.value),
        explanation=f"{review.reckoning[-1]} {review.explanation}"[:_MOST_TEXT],
        cycle=cycle,
        decided_at=review.reviewed_at,
    )


def _turn(
    case: Case, fact: facts.Reopened | facts.PutOnHold | facts.Resumed | facts.Cancelled, at: datetime
) -> Contract:
    match fact:
        case facts.Reopened(reason):
            return told.CaseReopenedV1(
                case_id=case.id, number=case.number, reason=reason, cycle=case.cycle, reopened_at=at
            )
        case facts.PutOnHold(reason):
            return told.CasePutOnHoldV1(case_id=case.id, number=case.number, reason=reason, held_at=at)
        case facts.Resumed():
            return told.CaseResumedV1(case_id=case.id, number=case.number, resumed_at=at)
        case facts.Cancelled(reason):
            return told.CaseCancelledV1(
                case_id=case.id, number=case.number, reason=reason, cancelled_at=case.closed_at or at
            )
        case never:
            assert_never(never)


def _extension(case: Case, fact: ExtensionAsked | ExtensionDecided, at: datetime) -> Contract:
    if case.due is None or case.original_due_at is None:
        raise ValueError(f"{case.number} has no due time")
    match fact:
        case ExtensionAsked(proposed_due_at, reason):
            return told.ExtensionRequestedV1(
                subject_kind=SUBJECT_KIND,
                subject_id=case.id,
                number=case.number,
                due_at=case.due.at,
                proposed_due_at=proposed_due_at,
                reason=reason,
                requested_at=at,
            )
        case ExtensionDecided(granted, _, reason):
            return told.ExtensionDecidedV1(
                subject_kind=SUBJECT_KIND,
                subject_id=case.id,
                number=case.number,
                granted=granted,
                due_at=case.due.at,
                original_due_at=case.original_due_at,
                reason=reason,
                decided_at=at,
            )
        case never:
            assert_never(never)


def _deadline_met(case: Case, deadline: Deadline, met_at: datetime) -> DeadlineMetV1:
    return DeadlineMetV1(
        subject_kind=SUBJECT_KIND,
        subject_id=case.id,
        clock=deadline.clock.value,
        generation=deadline.generation,
        due_at=deadline.due.at,
        met_at=met_at,
        punctuality=Punctuality.EARLY if met_at <= deadline.due.at else Punctuality.LATE,
    )


def _deadline_voided(case: Case, deadline: Deadline, reason: str) -> DeadlineVoidedV1:
    return DeadlineVoidedV1(
        subject_kind=SUBJECT_KIND,
        subject_id=case.id,
        clock=deadline.clock.value,
        generation=deadline.generation,
        reason=reason,
    )
