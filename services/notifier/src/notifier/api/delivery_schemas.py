"""Deliveries and their attempts, as they go out over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from notifier.domain.delivery import DeliveryState
from notifier.domain.person import Channel
from notifier.usecases.views import AttemptView, DeliveryView


class DeliveryOut(BaseModel):
    """One message to one person by one channel."""

    id: UUID = Field(
        description="Id; every attempt carries it, as webhook-id or before the @ of the Message-ID."
    )
    recipient: str = Field(description="Id of the person.")
    channel: Channel = Field(description="The way.")
    state: DeliveryState = Field(description="Where it stands.")
    reason: str | None = Field(description="Why it failed, was given up or cancelled, as a code.")
    notices: int = Field(description="How many notices it holds.")
    attempts: int = Field(description="How often it was tried.")
    critical: bool = Field(description="Whether it waits for no window.")
    maybe_duplicate: bool = Field(description="Whether an earlier attempt may have arrived already.")
    created_at: datetime = Field(description="When its first notice was written.")
    next_attempt_at: datetime | None = Field(description="When it is tried next.")
    sent_at: datetime | None = Field(description="When it was taken by the other side.")
    version: int = Field(description="Counts changes; also the ETag.")

    @classmethod
    def of(cls, view: DeliveryView) -> Self:
        """Show a delivery."""
        return cls(**_delivery(view))


class AttemptOut(BaseModel):
    """One attempt."""

    number: int = Field(description="Counts from 1.")
    started_at: datetime = Field(description="When it began.")
    finished_at: datetime | None = Field(description="When it ended.")
    outcome: str | None = Field(
        description="sent, try_later, gave_up, or unknown where the process died; null while it runs."
    )
    reason: str | None = Field(description="Why it failed, as a code.")


class DeliveryDetailOut(DeliveryOut):
    """A delivery with its attempts."""

    attempt_log: list[AttemptOut] = Field(description="The attempts, the first one first.")

    @classmethod
    def of_attempts(cls, view: DeliveryView, attempts: Sequence[AttemptView]) -> Self:
        """Show a delivery with its attempts."""
        log = [
            AttemptOut(
                number=each.number,
                started_at=each.started_at,
                finished_at=each.finished_at,
                outcome=each.outcome,
                reason=each.reason,
            )
            for each in attempts
        ]
        return cls(**_delivery(view), attempt_log=log)


def _delivery(view: DeliveryView) -> dict[str, Any]:
    delivery = view.delivery
    return {
        "id": delivery.id,
        "recipient": delivery.recipient,
        "channel": delivery.channel,
        "state": delivery.state,
        "reason": delivery.reason,
        "notices": view.notices,
        "attempts": delivery.attempts,
        "critical": delivery.critical,
        "maybe_duplicate": delivery.maybe_duplicate,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "sent_at": delivery.sent_at,
        "version": delivery.version,
    }
