"""Turns facts into the events that notifier announces."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, assert_never

from common.actor import Actor
from common.ids import new_id
from events.contracts.notifier import (
    DeadlineBreachedV1,
    DeadlineWarnedV1,
    NoticeAcknowledgedV1,
    NoticeFailedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.envelope import Contract, Event
from notifier.domain.answer import Answer, AnswerKind
from notifier.domain.deadline import Deadline, Key
from notifier.domain.facts import Answered, Breached, Fact, NobodyToTell, NoticeFailed, NoticeSent, Warned
from notifier.domain.notice import Notice
from notifier.usecases.ports import Work

SOURCE: Final = "/redress/notifier"
ACTOR: Final = Actor("service", "notifier")


async def announce(work: Work, facts: Iterable[Fact], now: datetime) -> None:
    """Announce facts, each with the next version of its deadline, whose rows the caller has locked."""
    versions: dict[Key, int] = {}
    events: list[Event[Contract]] = []
    for fact in facts:
        deadline = fact.deadline
        version = versions[deadline.key] = versions.get(deadline.key, deadline.version) + 1
        events.append(event_of(fact, version, now))
    if events:
        await work.deadlines.count_on(versions)
        work.announce(events)


def event_of(fact: Fact, version: int, now: datetime) -> Event[Contract]:
    """Write a fact as the event that tells it, under a version of its deadline."""
    deadline = fact.deadline
    # What became of a notice continues the trace of its step, like the message that told it.
    told = fact.notice if isinstance(fact, NoticeSent | NoticeFailed) else deadline
    return Event[Contract](
        id=new_id(),
        source=SOURCE,
        key=str(deadline.subject_id),
        subject=str(deadline.subject_id),
        version=version,
        occurred_at=fact.at,
        recorded_at=now,
        actor=fact.answer.by if isinstance(fact, Answered) else str(ACTOR),
        correlation_id=deadline.correlation_id,
        causation_id=deadline.caused_by,
        traceparent=told.traceparent,
        tracestate=told.tracestate,
        data=_data(fact),
    )


def _data(fact: Fact) -> Contract:
    match fact:
        case Warned():
            return DeadlineWarnedV1(
                **_named(fact.deadline), step=fact.step, due_at=fact.deadline.due_at, warned_at=fact.at
            )
        case Breached():
            return DeadlineBreachedV1(
                **_named(fact.deadline), due_at=fact.deadline.due_at, breached_at=fact.deadline.due_at
            )
        case NobodyToTell():
            return NoticeUnroutableV1(
                **_named(fact.deadline),
                step=fact.step,
                role=fact.unroutable.role,
                reason=fact.unroutable.reason,
                fallback=fact.fallback,
            )
        case NoticeSent():
            return NoticeSentV1(**_told(fact.notice), sent_at=fact.at, maybe_duplicate=fact.maybe_duplicate)
        case NoticeFailed():
            return NoticeFailedV1(**_told(fact.notice), reason=fact.reason, attempts=fact.attempts)
        case Answered():
            return _answer(fact.deadline, fact.answer)
        case never:
            assert_never(never)


def _answer(deadline: Deadline, answer: Answer) -> Contract:
    said: dict[str, Any] = {
        "subject_kind": deadline.subject_kind,
        "subject_id": answer.subject_id,
        "clock": answer.clock,
        "generation": answer.generation,
        "step": answer.step,
        "owner": answer.owner,
        "until": answer.until,
        "why": answer.reason,
        "next_step": answer.next_step,
        "next_at": answer.next_at,
    }
    match answer.kind:
        case AnswerKind.ACKNOWLEDGED:
            return NoticeAcknowledgedV1(**said, acknowledged_at=answer.at)
        case AnswerKind.SNOOZED:
            return NoticeSnoozedV1(**said, snoozed_at=answer.at)
        case never:
            assert_never(never)


def _named(deadline: Deadline) -> dict[str, Any]:
    return {
        "subject_kind": deadline.subject_kind,
        "subject_id": deadline.subject_id,
        "clock": deadline.clock,
        "generation": deadline.generation,
    }


def _told(notice: Notice) -> dict[str, Any]:
    return {
        "notice_id": notice.id,
        "subject_kind": notice.subject_kind,
        "subject_id": notice.subject_id,
        "clock": notice.clock,
        "generation": notice.generation,
        "step": notice.step,
        "recipient": notice.recipient,
        "channel": str(notice.channel),
    }
