"""Facts as the events that capa announces."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from capa.domain.action import Action, State
from capa.domain.facts import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionFact,
    ActionGiven,
    ActionOpened,
    ActionReassigned,
    ActionVerified,
    ComplaintLinked,
    CostRecorded,
    DueChanged,
    EvidenceRejected,
    ExtensionAsked,
    ExtensionDecided,
    SeverityRaised,
)
from capa.domain.nonconformity import Nonconformity
from capa.domain.triage import Decision
from capa.usecases import action_telling as saying
from capa.usecases.action_telling import CLOCK, SUBJECT_KIND
from capa.usecases.cause import Cause
from common.ids import new_id
from events.contracts import capa as told
from events.contracts.deadline import DeadlineSetV1
from events.contracts.words import Severity, TriageOutcome
from events.envelope import Contract, Event

SOURCE = "/redress/capa"
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
        return event_of(
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

    def dispositioned(self, nonconformity: Nonconformity, at: datetime, cause: Cause) -> Event[Contract]:
        """Tell what is done with what is affected."""
        decided = nonconformity.disposition
        if decided is None:
            raise ValueError(f"{nonconformity.number} has no disposition")
        data = told.NonconformityDispositionedV1(
            nonconformity_id=nonconformity.id,
            number=nonconformity.number,
            dispositions=tuple(dict.fromkeys(part.kind.value for part in decided.parts)),
            authorised_by=decided.concession.authorised_by if decided.concession else None,
            rationale=decided.rationale,
            dispositioned_at=decided.decided_at,
        )
        return _of_nonconformity(data, nonconformity, at, cause)

    def closed(self, nonconformity: Nonconformity, cause: Cause) -> Event[Contract]:
        """Tell that nothing is left to do about a nonconformity itself."""
        decision, at = nonconformity.case_decision, nonconformity.closed_at
        if decision is None or at is None:
            raise ValueError(f"{nonconformity.number} is not closed")
        data = told.NonconformityClosedV1(
            nonconformity_id=nonconformity.id,
            number=nonconformity.number,
            case_needed=decision.needed,
            closed_at=at,
        )
        return _of_nonconformity(data, nonconformity, at, cause)

    def of_action(
        self, action: Action, fact: ActionFact, at: datetime, cause: Cause
    ) -> tuple[Event[Contract], ...]:
        """Tell what happened to an action and, after it, to its deadline."""
        return tuple(_of_action(data, action, at, cause) for data in self._of_action(action, fact, at))

    def _of_action(self, action: Action, fact: ActionFact, at: datetime) -> tuple[Contract, ...]:
        # What is planned is nobody's work yet: it is told when its plan is approved.
        if action.state is State.PLANNED:
            return ()
        match fact:
            case ActionGiven() | ActionOpened() | ActionAssigned():
                deadline = self._deadline_set(action)
                # An action that only a team has is announced as assigned when somebody takes it.
                return (
                    (deadline,) if action.owner is None else (saying.assigned(action, action.owner), deadline)
                )
            case ActionReassigned():
                return saying.reassigned(action, fact), self._deadline_set(action)
            case DueChanged():
                return saying.due_changed(action, fact), self._deadline_set(action)
            case ActionCompleted():
                return saying.completed(action)
            case _:
                return self._of_later(action, fact, at)

    def _of_later(
        self,
        action: Action,
        fact: ActionCancelled
        | EvidenceRejected
        | ActionVerified
        | CostRecorded
        | ExtensionAsked
        | ExtensionDecided,
        at: datetime,
    ) -> tuple[Contract, ...]:
        match fact:
            case CostRecorded():
                return ()
            case ActionCancelled():
                return saying.cancelled(action, fact)
            case EvidenceRejected():
                return saying.evidence_rejected(action, fact, at), self._deadline_set(action)
            case ActionVerified():
                return (saying.verified(action),)
            case ExtensionAsked():
                return (saying.extension_requested(action, fact, at),)
            case ExtensionDecided():
                decided = saying.extension_decided(action, fact, at)
                return (decided, *self._moved(action, fact)) if fact.granted else (decided,)
            case never:
                assert_never(never)

    def _moved(self, action: Action, fact: ExtensionDecided) -> tuple[Contract, ...]:
        moved = DueChanged(fact.previous_due_at, fact.reason)
        return saying.due_changed(action, moved), self._deadline_set(action)

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


def _of_nonconformity(
    data: Contract, nonconformity: Nonconformity, at: datetime, cause: Cause
) -> Event[Contract]:
    return event_of(
        data,
        key=nonconformity.id,
        subject=nonconformity.id,
        version=nonconformity.version,
        at=at,
        story=nonconformity.correlation_id,
        cause=cause,
    )


def _of_action(data: Contract, action: Action, at: datetime, cause: Cause) -> Event[Contract]:
    return event_of(
        data,
        key=action.parent_id,
        subject=action.id,
        version=action.version,
        at=at,
        story=action.correlation_id,
        cause=cause,
    )


def event_of(
    data: Contract, *, key: UUID, subject: UUID, version: int, at: datetime, story: UUID, cause: Cause
) -> Event[Contract]:
    """Write an event of capa's."""
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
