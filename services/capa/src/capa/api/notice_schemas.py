"""What notifier did about actions, and what was answered, as it goes out over HTTP."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from capa.usecases.ports import Notice, NoticeAnswer


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class NoticeOut(_Out):
    """What notifier did about an action's deadline."""

    kind: Literal["breached", "sent", "unroutable"] = Field(
        description="The deadline passed, somebody was told, or nobody could be."
    )
    generation: int = Field(description="Which of the action's deadlines it was about.")
    at: datetime = Field(description="When.")
    step: str | None = Field(description="The step of the escalation ladder.")
    recipient: str | None = Field(description="Who was told; of an unroutable notice, who was told instead.")
    channel: str | None = Field(description="How.")
    reason: str | None = Field(description="Why nobody could be told.")

    @classmethod
    def of(cls, value: Notice) -> "NoticeOut":
        """Shape a notice."""
        return cls(
            kind=value.kind,
            generation=value.generation,
            at=value.at,
            step=value.step,
            recipient=value.recipient,
            channel=value.channel,
            reason=value.reason,
        )


class NoticeAnswerOut(_Out):
    """What somebody answered to the notices of an action's deadline."""

    kind: Literal["acknowledged", "snoozed"] = Field(
        description="That somebody is on it, or that what would be told next was postponed."
    )
    generation: int = Field(description="Which of the action's deadlines it was about.")
    at: datetime = Field(description="When.")
    step: str = Field(description="The newest step of the escalation ladder that had fired then.")
    by: str = Field(description="Who, as kind:id.", examples=["person:anna.berg"])
    reason: str | None = Field(description="Why, as whoever answered said it.")
    until: datetime = Field(description="Until when it counts.")

    @classmethod
    def of(cls, value: NoticeAnswer) -> "NoticeAnswerOut":
        """Shape an answer."""
        return cls(
            kind=value.kind,
            generation=value.generation,
            at=value.at,
            step=value.step,
            by=value.by,
            reason=value.reason,
            until=value.until,
        )
