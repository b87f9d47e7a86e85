"""Notices, as they go out over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from notifier.domain.ladder import StepKind
from notifier.domain.notice import NoticeState
from notifier.domain.person import Channel
from notifier.usecases.views import NoticeView


class NoticeOut(BaseModel):
    """One telling of one step to one person by one channel."""

    id: UUID = Field(description="Id.")
    subject_kind: str = Field(description="Kind of thing that is due.")
    subject_id: UUID = Field(description="Id of the thing that is due.")
    clock: str = Field(description="Which of its clocks.")
    generation: int = Field(description="Generation of the deadline.")
    step: str = Field(description="Step of the ladder.")
    kind: StepKind = Field(description="Before, at or after the due instant.")
    recipient: str = Field(description="Id of the person.")
    channel: Channel = Field(description="The way.")
    state: NoticeState = Field(description="What became of it.")
    reason: str | None = Field(description="Why it was suppressed or failed.")
    why: str | None = Field(description="Why this person is told in the place of another.")
    delivery_id: UUID = Field(description="The message that carries it.")
    created_at: datetime = Field(description="When it was written.")
    finished_at: datetime | None = Field(description="When it was sent, suppressed or failed.")

    @classmethod
    def of(cls, view: NoticeView) -> Self:
        """Show a notice."""
        notice = view.notice
        return cls(
            id=notice.id,
            subject_kind=notice.subject_kind,
            subject_id=notice.subject_id,
            clock=notice.clock,
            generation=notice.generation,
            step=notice.step,
            kind=notice.kind,
            recipient=notice.recipient,
            channel=notice.channel,
            state=view.state,
            reason=view.reason,
            why=notice.why,
            delivery_id=view.delivery_id,
            created_at=notice.created_at,
            finished_at=view.finished_at,
        )
