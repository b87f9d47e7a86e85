"""Deliveries: one message to one person by one channel, with the notices that it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from notifier.domain.person import Channel

LISTED: Final = 50
"""How many notices a message lists; the rest it counts."""

LONGEST_WAIT: Final = timedelta(hours=24)
"""The most that a receiver's Retry-After is honoured for."""


class DeliveryState(StrEnum):
    """Where a delivery stands; `failed` is tried again at `next_attempt_at`."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    CANCELLED = "cancelled"


STEPS: Final[Mapping[DeliveryState, frozenset[DeliveryState]]] = {
    DeliveryState.PLANNED: frozenset({DeliveryState.SENDING, DeliveryState.CANCELLED}),
    DeliveryState.SENDING: frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.GAVE_UP}),
    DeliveryState.FAILED: frozenset({DeliveryState.SENDING, DeliveryState.CANCELLED}),
    DeliveryState.SENT: frozenset({DeliveryState.FAILED}),
    DeliveryState.GAVE_UP: frozenset({DeliveryState.FAILED}),
    DeliveryState.CANCELLED: frozenset(),
}
"""Which state may follow which; a person's redelivery leads from sent and gave_up back to failed, due at once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How messages to one person by one channel are held back so that many notices become one message."""

    settle: timedelta
    window: timedelta

    def first_attempt(self, now: datetime, last: datetime | None, *, critical: bool) -> datetime:
        """Tell when a new message may go: after the settle time and, unless critical, the window since the last."""
        settled = now + self.settle
        return settled if critical or last is None else max(settled, last + self.window)

    def held_until(self, now: datetime, last: datetime | None, *, critical: bool) -> datetime | None:
        """Tell until when a message that is ready must still wait for the window's end, or None."""
        if critical or last is None or last + self.window <= now:
            return None
        return last + self.window


@dataclass(frozen=True, slots=True)
class Retries:
    """The waits after the first, second, … failed attempt; after the last one a delivery is given up."""

    waits: tuple[timedelta, ...]

    def next_attempt(self, now: datetime, attempts: int, after: timedelta | None) -> datetime | None:
        """Tell when to try again after so many attempts, later where the receiver asked so; None is never."""
        if attempts > len(self.waits):
            return None
        wait = self.waits[attempts - 1]
        return now + (wait if after is None else max(wait, min(after, LONGEST_WAIT)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way; `tries` counts attempts since it was planned or asked for again, `attempts` all.

    `version` counts every change of what is shown of it.
    """

    id: UUID
    recipient: str
    channel: Channel
    state: DeliveryState
    critical: bool
    attempts: int
    tries: int
    maybe_duplicate: bool
    reason: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    first_attempt_at: datetime | None
    sent_at: datetime | None
    version: int
