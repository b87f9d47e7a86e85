"""deadline.set and deadlines.set: something must be done by an instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.refusals import Refusal
from events.contracts.deadline import DeadlineSetV1, DeadlinesSetV1, EachDeadline
from events.delivery import Claim, Delivered
from events.envelope import Event
from events.failures import NeverWillWork
from notifier.domain.deadline import Severity
from notifier.usecases.set_deadline import Announced, SetDeadline


@dataclass(frozen=True, slots=True)
class OnDeadlineSet:
    """Hands the events to the use case, those with one deadline and those with several mixed.

    An event is a dead letter as a whole where the steps of one of its deadlines cannot be computed: the later events of
    its key wait behind it, as they do behind one deadline told alone, and its retry takes over all of it.
    """

    set_deadline: SetDeadline

    async def __call__(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        """Take the deadlines over."""
        try:
            return await self.set_deadline([(_announced(each.event), each.delivery) for each in delivered])
        except Refusal as refusal:
            raise NeverWillWork(refusal.code, refusal.detail) from refusal


def _announced(event: Event[DeadlineSetV1] | Event[DeadlinesSetV1]) -> Sequence[Announced]:
    data = event.data
    told = data.deadlines if isinstance(data, DeadlinesSetV1) else (data,)
    return [_deadline(event, data, each) for each in told]


def _deadline(
    event: Event[DeadlineSetV1] | Event[DeadlinesSetV1],
    about: DeadlineSetV1 | DeadlinesSetV1,
    own: DeadlineSetV1 | EachDeadline,
) -> Announced:
    return Announced(
        subject_kind=about.subject_kind,
        subject_id=about.subject_id,
        clock=own.clock,
        generation=own.generation,
        parent_kind=about.parent_kind,
        parent_id=about.parent_id,
        title=own.title,
        due_at=own.due_at,
        owner=own.owner,
        team=own.team,
        severity=Severity(about.severity),
        link=about.link,
        ladder=own.ladder,
        calendar=own.calendar,
        policy_version=own.policy_version,
        explanation=own.explanation,
        correlation_id=event.correlation_id,
        event_id=event.id,
        traceparent=event.traceparent,
        tracestate=event.tracestate,
    )
