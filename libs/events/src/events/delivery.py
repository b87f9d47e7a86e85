"""Events on their way to one group: what a use case needs to do each exactly once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
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


class Claim(Enum):
    """What a claim found; only a delivery that is NEW may have an effect."""

    NEW = auto()
    SEEN = auto()
    """The group has handled the event before."""
    BLOCKED = auto()
    """An earlier event of the key is parked or dead, and this one has to wait behind it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event and its delivery."""

    event: Event[Any]
    delivery: Delivery


Handler = Callable[[Any, Delivery], Awaitable[None]]
"""Handles one `Event` of the contract that it is registered for; opens its own transaction and claims the delivery.

Raises AlreadyHandled or KeyBlocked as the claim does.
"""


HandleTogether = Callable[[Sequence[Delivered]], Awaitable[Sequence[Claim]]]
"""Handles events, and tells what became of each claim."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupHandler:
    """Handles events of one partition, one or several and in their order, in one transaction.

    Whatever `handle` raises, none of the events has had an effect, and each is then handled alone. Registered for
    several contracts, it is given them mixed.
    """

    handle: HandleTogether


Handlers = Mapping[type[Contract], Handler | GroupHandler]

__all__ = ["Claim", "Delivered", "Delivery", "Event", "GroupHandler", "HandleTogether", "Handler", "Handlers"]
