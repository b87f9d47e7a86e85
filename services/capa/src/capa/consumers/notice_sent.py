"""Keeps that somebody was told about an action."""

from dataclasses import dataclass

from capa.usecases.note_notice import NoteNotice
from capa.usecases.outgoing import SUBJECT_KIND
from capa.usecases.ports import Notice
from events.contracts.notifier import NoticeSentV1
from events.delivery import Delivery
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnNoticeSent:
    """Handles `notice.sent`."""

    note_notice: NoteNotice

    async def __call__(self, event: Event[NoticeSentV1], delivery: Delivery) -> None:
        """Keep a notice about an action."""
        data = event.data
        if data.subject_kind != SUBJECT_KIND:
            return
        notice = Notice(
            event_id=event.id,
            action_id=data.subject_id,
            kind="sent",
            generation=data.generation,
            at=data.sent_at,
            step=data.step,
            recipient=data.recipient,
            channel=data.channel,
        )
        await self.note_notice(notice, delivery)
