"""Keeps what notifier says of its notices about an action: who was told, and when nobody could be."""

from dataclasses import dataclass
from functools import partial
from typing import assert_never

from capa.usecases.action_telling import SUBJECT_KIND
from capa.usecases.note_notice import NoteNotice
from capa.usecases.ports import Notice
from events.contracts.notifier import NoticeSentV1, NoticeUnroutableV1
from events.delivery import Delivery
from events.envelope import Event

NoticeTold = NoticeSentV1 | NoticeUnroutableV1
"""What notifier tells of a notice, as far as capa keeps it."""


@dataclass(frozen=True, slots=True)
class OnNotice:
    """Handles `notice.sent` and `notice.unroutable`."""

    note_notice: NoteNotice

    async def __call__(self, event: Event[NoticeTold], delivery: Delivery) -> None:
        """Keep a notice about an action."""
        if event.data.subject_kind == SUBJECT_KIND:
            await self.note_notice(_notice(event), delivery)


def _notice(event: Event[NoticeTold]) -> Notice:
    """Write down who was told; of an unroutable notice that is the fallback, where there is one."""
    told = event.data
    notice = partial(
        Notice, event_id=event.id, action_id=told.subject_id, generation=told.generation, step=told.step
    )
    match told:
        case NoticeSentV1(sent_at=at, recipient=recipient, channel=channel):
            return notice(kind="sent", at=at, recipient=recipient, channel=channel)
        case NoticeUnroutableV1(fallback=fallback, reason=reason):
            return notice(kind="unroutable", at=event.occurred_at, recipient=fallback, reason=reason)
        case never:
            assert_never(never)
