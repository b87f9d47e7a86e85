"""Facts as the events that capa announces."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from capa.domain.action import Action
from capa.domain.facts import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionFact,
    ActionGiven,
    ActionReassigned,
    ComplaintLinked,
    DueChanged,
    SeverityRaised,
)
from capa.domain.nonconformity import Nonconformity
from capa.domain.triage import Decision
from capa.usecases.cause import Cause
from common.ids import new_id
from events.contracts import capa as told
from events.contracts.deadline import DeadlineMetV1, DeadlineSetV1, DeadlineVoidedV1
from events.contracts.words import ActionKind, Punctuality, Severity, TriageOutcome
from events.envelope import Contract, Event

SOURCE = "/redress/capa"
CLOCK = "complete"
"""The one clock of an action: it runs until the work is done."""

SUBJECT_KIND = "action"
LADDER = "default"

# Named once: to find the type anew for each event costs as much as to make the event.
_Told = Event[Contract]


class Announcer:
    """Writes events; links lead to `base_url`, or are paths where there is none."""

    def __init__(self, base_url: str | None) -> None:
        self._base = (base_url or "").rstrip("/")

    def decided(
        self, decision: Decision, nonconformity: Nonconformity | None, cause: Cause
    ) -> Event[Contract]:
        """Tell under the complaint's key what became of it."""
        complaint, verdict = decision.complaint, decision.verdict
        data = told.TriageDecidedV1(
            complaint_id=complaint.id,
            complaint_number=complaint.number,
            outcome=TriageOutcome(verdict.outcome.value),
            reason=verdict.reason,
            explanation=verdict.explanation,
            policy_version=decision.policy_version,
            decided_at=decision.decided_at,
            nonconformity_id=nonconformity.id if nonconformity else None,
            nonconformity_number=nonconformity.number if nonconformity else None,
        )
        return _event(
            data,
            key=complaint.id,
            subject=complaint.id,
            version=decision.ordinal,
            at=decision.decided_at,
            story=complaint.correlation_id,
            cause=cause,
        )

    def raised(self, nonconformity: Nonconformity, cause: Cause) -> Event[Contract]:
        """Tell that a nonconformity was raised."""
        data = told.NonconformityRaisedV1(
            nonconformity_id=nonconformity.id,
            number=nonconformity.number,
            product=nonconformity.product,
            category=nonconformity.category,
            severity=Severity(nonconformity.severity.value),
            origin=nonconformity.origin,
            complaint_id=nonconformity.origin_complaint_id,
            raised_at=nonconformity.raised_at,
        )
        return _of_nonconformity(data, nonconformity, nonconformity.raised_at, cause)

    def linked(
        self, nonconformity: Nonconformity, fact: ComplaintLinked, at: datetime, cause: Cause
    ) -> Event[Contract]:
        """Tell that a further complaint belongs to a nonconformity."""
        data = told.NonconformityLinkedV1(
            nonconformity_id=nonconformity.id,
            number=nonconformity.number,
            complaint_id=fact.complaint_id,
            complaints=nonconformity.complaints,
        )
        return _of_nonconformity(data, nonconformity, at, cause)

    def severity_raised(
        self, nonconformity: Nonconformity, fact: SeverityRaised, at: datetime, cause: Cause
    ) -> Event[Contract]:
        """Tell that a nonconformity is graver than it was thought to be."""
        data = told.NonconformitySeverityRaisedV1(
            nonconformity_id=nonconformity.id,
            number=nonconformity.number,
            complaint_id=fact.complaint_id,
            severity=Severity(nonconformity.severity.value),
            previous_severity=Severity(fact.previous_severity.value),
        )
        return _of_nonconformity(data, nonconformity, at, cause)

    def of_action(
        self, action: Action, fact: ActionFact, at: datetime, cause: Cause
    ) -> tuple[Event[Contract], ...]:
        """Tell what happened to an action and, after it, to its deadline."""
        return tuple(_of_action(data, action, at, cause) for data in self._of_action(action, fact))

    def _of_action(self, action: Action, fact: ActionFact) -> tuple[Contract, ...]:
        match fact:
            case ActionGiven():
                deadline = self._deadline_set(action)
                # An action that only a team has is announced as assigned when somebody takes it.
                return (deadline,) if action.owner is None else (_assigned(action, action.owner), deadline)
            case ActionAssigned():
                return _assigned(action, action.owner or ""), self._deadline_set(action)
            case ActionReassigned():
                return _reassigned(action, fact), self._deadline_set(action)
            case DueChanged():
                return _due_changed(action, fact), self._deadline_set(action)
            case ActionCompleted():
                return _completed(action)
            case ActionCancelled():
                return _cancelled(action, fact)
            case never:
                assert_never(never)

    def _deadline_set(self, action: Action) -> DeadlineSetV1:
        return DeadlineSetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=action.id,
            clock=CLOCK,
            generation=action.generation,
            parent_kind=action.parent_kind,
            parent_id=action.parent_id,
            title=action.title,
            due_at=action.due.at,
            owner=action.owner,
            team=action.team,
            severity=Severity(action.severity.value),
            link=f"{self._base}/v1/actions/{action.id}",
            ladder=LADDER,
            calendar=action.due.calendar,
            policy_version=action.due.policy_version,
            explanation=dict(action.due.explanation),
        )


def _assigned(action: Action, owner: str) -> told.ActionAssignedV1:
    return told.ActionAssignedV1(
        action_id=action.id,
        number=action.number,
        kind=ActionKind(action.kind),
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        title=action.title,
        owner=owner,
        team=action.team,
        severity=Severity(action.severity.value),
        due_at=action.due.at,
    )


def _reassigned(action: Action, fact: ActionReassigned) -> told.ActionReassignedV1:
    return told.ActionReassignedV1(
        action_id=action.id,
        number=action.number,
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        owner=action.owner or "",
        team=action.team,
        previous_owner=fact.previous_owner,
        reason=fact.reason,
    )


def _due_changed(action: Action, fact: DueChanged) -> told.ActionDueChangedV1:
    return told.ActionDueChangedV1(
        action_id=action.id,
        number=action.number,
        parent_kind=action.parent_kind,
        parent_id=action.parent_id,
        due_at=action.due.at,
        previous_due_at=fact.previous_due_at,
        original_due_at=action.original_due_at,
        reason=fact.reason,
    )


def _completed(action: Action) -> tuple[Contract, ...]:
    if action.completed_at is None or action.punctuality is None:
        raise ValueError(f"{action.number} is not completed")
    punctuality = Punctuality(action.punctuality.value)
    return (
        told.ActionCompletedV1(
            action_id=action.id,
            number=action.number,
            parent_kind=action.parent_kind,
            parent_id=action.parent_id,
            completed_at=action.completed_at,
            punctuality=punctuality,
        ),
        DeadlineMetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=action.id,
            clock=CLOCK,
            generation=action.generation,
            due_at=action.due.at,
            met_at=action.completed_at,
            punctuality=punctuality,
        ),
    )


def _cancelled(action: Action, fact: ActionCancelled) -> tuple[Contract, ...]:
    if action.cancelled_at is None:
        raise ValueError(f"{action.number} is not cancelled")
    return (
        told.ActionCancelledV1(
            action_id=action.id,
            number=action.number,
            parent_kind=action.parent_kind,
            parent_id=action.parent_id,
            cancelled_at=action.cancelled_at,
            reason=fact.reason,
        ),
        DeadlineVoidedV1(
            subject_kind=SUBJECT_KIND,
            subject_id=action.id,
            clock=CLOCK,
            generation=action.generation,
            reason="cancelled",
        ),
    )


def _of_nonconformity(
    data: Contract, nonconformity: Nonconformity, at: datetime, cause: Cause
) -> Event[Contract]:
    return _event(
        data,
        key=nonconformity.id,
        subject=nonconformity.id,
        version=nonconformity.version,
        at=at,
        story=nonconformity.correlation_id,
        cause=cause,
    )


def _of_action(data: Contract, action: Action, at: datetime, cause: Cause) -> Event[Contract]:
    return _event(
        data,
        key=action.parent_id,
        subject=action.id,
        version=action.version,
        at=at,
        story=action.correlation_id,
        cause=cause,
    )


def _event(
    data: Contract, *, key: UUID, subject: UUID, version: int, at: datetime, story: UUID, cause: Cause
) -> Event[Contract]:
    return _Told(
        id=new_id(),
        source=SOURCE,
        key=str(key),
        subject=str(subject),
        version=version,
        occurred_at=at,
        recorded_at=at,
        actor=str(cause.actor),
        correlation_id=cause.correlation_id or story,
        causation_id=cause.causation_id,
        traceparent=cause.traceparent,
        tracestate=cause.tracestate,
        data=data,
    )
