"""On what notifier tells of deadlines and notices: it is kept for the timelines of the complaints that it concerns."""

from typing import Any, Final, assert_never

from common.clock import instant_text
from events.contracts.notifier import (
    DeadlineBreachedV1,
    DeadlineWarnedV1,
    NoticeAcknowledgedV1,
    NoticeFailedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.domain.timeline import Kind, Note
from intake.usecases.take_note import TakeNote

NoticeTold = NoticeSentV1 | NoticeFailedV1 | NoticeUnroutableV1 | NoticeAcknowledgedV1 | NoticeSnoozedV1
"""What notifier tells of notices."""

NotifierTold = DeadlineWarnedV1 | DeadlineBreachedV1 | NoticeTold
"""What notifier tells of deadlines and notices."""

SUBJECTS: Final = frozenset({"complaint", "nonconformity", "action"})
"""What a complaint's timeline tells of: itself, and what capa made of it."""


def on_notifier(take: TakeNote) -> Handler:
    """Make the handler; what is about anything else belongs to no complaint."""

    async def handle(event: Event[NotifierTold], delivery: Delivery) -> None:
        if event.data.subject_kind in SUBJECTS:
            await take(note_of(event), delivery)

    return handle


def note_of(event: Event[NotifierTold]) -> Note:
    """Write down what notifier told; it may be told before anything else is known of its subject."""
    told = event.data
    of = f"{told.clock} {told.generation}"
    changes: dict[str, object] = {"clock": told.clock, "generation": told.generation}

    def note(name: str, kind: Kind, action: str, reason: str = "", **more: Any) -> Note:
        shown = {key: value for key, value in more.items() if value is not None}
        return Note(
            subject_kind=told.subject_kind,
            subject_id=told.subject_id,
            name=name,
            kind=kind,
            action=action,
            at=event.occurred_at,
            actor=event.actor,
            changes=changes | shown,
            reason=reason,
        )

    match told:
        case DeadlineWarnedV1(step=step, due_at=due_at):
            return note(
                f"warned {of} {step}", Kind.CLOCK, "deadline_warned", step=step, due_at=instant_text(due_at)
            )
        case DeadlineBreachedV1(due_at=due_at):
            return note(f"breached {of}", Kind.CLOCK, "deadline_breached", due_at=instant_text(due_at))
        case NoticeSentV1(notice_id=notice_id, step=step, recipient=recipient, channel=channel):
            return note(
                f"notice {notice_id} sent",
                Kind.NOTICE,
                "notice_sent",
                step=step,
                recipient=recipient,
                channel=channel,
                maybe_duplicate=told.maybe_duplicate or None,
            )
        case NoticeFailedV1(notice_id=notice_id, step=step, recipient=recipient, channel=channel):
            return note(
                f"notice {notice_id} failed",
                Kind.NOTICE,
                "notice_failed",
                step=step,
                recipient=recipient,
                channel=channel,
                why=told.reason,
                attempts=told.attempts,
            )
        case NoticeUnroutableV1(step=step, role=role):
            return note(
                f"unroutable {of} {step} {role}",
                Kind.NOTICE,
                "notice_unroutable",
                step=step,
                role=role,
                why=told.reason,
                fallback=told.fallback,
            )
        case NoticeAcknowledgedV1() | NoticeSnoozedV1():
            return note(
                _answer_name(told),
                Kind.NOTICE,
                "notice_acknowledged" if isinstance(told, NoticeAcknowledgedV1) else "notice_snoozed",
                told.why or "",
                step=told.step,
                owner=told.owner,
                until=instant_text(told.until),
                next_step=told.next_step,
                next_at=None if told.next_at is None else instant_text(told.next_at),
            )
        case never:
            assert_never(never)


def _answer_name(told: NoticeAcknowledgedV1 | NoticeSnoozedV1) -> str:
    """Name an answer: a step is acknowledged once, and snoozed at several instants."""
    of = f"{told.clock} {told.generation} {told.step}"
    if isinstance(told, NoticeAcknowledgedV1):
        return f"acknowledged {of}"
    return f"snoozed {of} {instant_text(told.snoozed_at)}"
