"""What waits in the feed of changes and on its way to webhooks, for the gauges."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.domain.webhook import DeliveryState

WAITING = (DeliveryState.WAITING, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """Changes that wait for their place in the feed, deliveries by state, and endpoints by whether they are enabled.

    `oldest_due` is when the delivery to an enabled endpoint that has waited for longest was planned.
    """

    queued: int
    deliveries: Mapping[DeliveryState, int]
    oldest_due: datetime | None
    enabled: int
    disabled: int


class ReadFeedHealth(Protocol):
    """Reads it."""

    async def __call__(self) -> FeedHealth:
        """Read it now."""
        ...
