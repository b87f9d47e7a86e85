"""Keeps that nobody could be told about an action."""

from dataclasses import dataclass

from capa.usecases.note_notice import NoteNotice
from capa.usecases.outgoing import SUBJECT_KIND
from capa.usecases.ports import Notice
from events.contracts.notifier import NoticeUnroutableV1
from events.delivery import Delivery
from events.envelope import Event


@dataclass(frozen=True, slots=True)
class OnNoticeUnroutable:
    """Handles `notice.unroutable`."""

    note_notice: NoteNotice

    async def __call__(self, event: Event[NoticeUnroutableV1], delivery: Delivery) -> None:
        """Keep whom a notice about an action could not reach, and who was told instead."""
        data = event.data
        if data.subject_kind != SUBJECT_KIND:
            return
        notice = Notice(
            event_id=event.id,
            action_id=data.subject_id,
            kind="unroutable",
            generation=data.generation,
            at=event.occurred_at,
            step=data.step,
            recipient=data.fallback,
            reason=data.reason,
        )
        await self.note_notice(notice, delivery)
