"""One event on its way to one group: what a use case needs to do it exactly once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from events.envelope import Contract, Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """Names a delivery; the use case claims it first thing in the transaction of its effect.

    `parked` is the parked row that this attempt drains, None for a first delivery.
    """

    group: str
    source: str
    event_id: str
    key: str
    parked: int | None = None


Handler = Callable[[Any, Delivery], Awaitable[None]]
"""Handles one `Event` of the contract that it is registered for; opens its own transaction and claims the delivery."""

Handlers = Mapping[type[Contract], Handler]

__all__ = ["Delivery", "Event", "Handler", "Handlers"]
