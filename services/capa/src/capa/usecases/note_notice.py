"""Keeps what notifier did about an action and what was answered, so that whoever looks at the action sees it."""

from dataclasses import dataclass

from capa.usecases.ports import Notice, NoticeAnswer, StartWork
from events.delivery import Delivery


@dataclass(frozen=True, slots=True)
class NoteNotice:
    """Keeps that somebody was told about an action, that nobody could be, or what was answered."""

    start_work: StartWork

    async def __call__(self, notice: Notice | NoticeAnswer, once: Delivery) -> None:
        """Keep a notice once; one about an action that is not capa's is nobody's business here."""
        async with self.start_work(once) as work:
            await work.actions.note(notice)
