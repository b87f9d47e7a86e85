"""Keeps what notifier says of its notices about an action: who was told, when nobody could be, and what was answered."""

from dataclasses import dataclass
from typing import Any, assert_never

from capa.usecases.action_telling import SUBJECT_KIND
from capa.usecases.note_notice import NoteNotice
from capa.usecases.ports import Notice, NoticeAnswer
from events.contracts.notifier import (
    NoticeAcknowledgedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.delivery import Delivery
from events.envelope import Event

NoticeTold = NoticeSentV1 | NoticeUnroutableV1 | NoticeAcknowledgedV1 | NoticeSnoozedV1
"""What notifier tells of a notice, as far as capa keeps it."""


@dataclass(frozen=True, slots=True)
class OnNotice:
    """Handles `notice.sent`, `.unroutable`, `.acknowledged` and `.snoozed`."""

    note_notice: NoteNotice

    async def __call__(self, event: Event[NoticeTold], delivery: Delivery) -> None:
        """Keep a notice about an action."""
        if event.data.subject_kind == SUBJECT_KIND:
            await self.note_notice(_notice(event), delivery)


def _notice(event: Event[NoticeTold]) -> Notice | NoticeAnswer:
    """Write down who was told; of an unroutable notice that is the fallback, where there is one; of an answer, who gave it."""
    told = event.data
    about: dict[str, Any] = {
        "event_id": event.id,
        "action_id": told.subject_id,
        "generation": told.generation,
        "step": told.step,
    }
    match told:
        case NoticeSentV1(sent_at=at, recipient=recipient, channel=channel):
            return Notice(**about, kind="sent", at=at, recipient=recipient, channel=channel)
        case NoticeUnroutableV1(fallback=fallback, reason=reason):
            return Notice(**about, kind="unroutable", at=event.occurred_at, recipient=fallback, reason=reason)
        case NoticeAcknowledgedV1(acknowledged_at=at, why=why, until=until):
            return NoticeAnswer(**about, kind="acknowledged", at=at, by=event.actor, reason=why, until=until)
        case NoticeSnoozedV1(snoozed_at=at, why=why, until=until):
            return NoticeAnswer(**about, kind="snoozed", at=at, by=event.actor, reason=why, until=until)
        case never:
            assert_never(never)
