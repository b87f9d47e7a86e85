"""deadline.set: something must be done by an instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.refusals import Refusal
from events.contracts.deadline import DeadlineSetV1
from events.delivery import Claim, Delivered
from events.envelope import Event
from events.failures import NeverWillWork
from notifier.domain.deadline import Severity
from notifier.usecases.set_deadline import Announced, SetDeadline


@dataclass(frozen=True, slots=True)
class OnDeadlineSet:
    """Hands the events to the use case; a deadline whose steps cannot be computed is a dead letter."""

    set_deadline: SetDeadline

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Take the deadlines over."""
        try:
            return await self.set_deadline([(_announced(each.event), each.delivery) for each in delivered])
        except Refusal as refusal:
            raise NeverWillWork(refusal.code, refusal.detail) from refusal


def _announced(event: Event[DeadlineSetV1]) -> Announced:
    data = event.data
    return Announced(
        subject_kind=data.subject_kind,
        subject_id=data.subject_id,
        clock=data.clock,
        generation=data.generation,
        parent_kind=data.parent_kind,
        parent_id=data.parent_id,
        title=data.title,
        due_at=data.due_at,
        owner=data.owner,
        team=data.team,
        severity=Severity(data.severity),
        link=data.link,
        ladder=data.ladder,
        calendar=data.calendar,
        policy_version=data.policy_version,
        explanation=data.explanation,
        correlation_id=event.correlation_id,
        event_id=event.id,
        traceparent=event.traceparent,
        tracestate=event.tracestate,
    )
