"""What a group makes of each record that it reads, and which events it handles together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from events import codec
from events.delivery import Claim, Delivered, Delivery, GroupHandler, Handler, Handlers
from events.envelope import Contract, Event
from events.failures import AlreadyHandled, KeyBlocked
from events.transport import Received


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event that somebody here handles."""

    received: Received
    event: Event[Contract]
    delivery: Delivery
    handler: Handler | GroupHandler


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that is nobody's business here, and so has no effect."""

    received: Received
    outcome: Literal["ignored", "unknown_type"]


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that was meant for us and cannot be read."""

    received: Received
    reason: str
    detail: str


Heard = Wanted | Skipped | Unread


def hear(received: Received, group: str, handlers: Handlers) -> Heard:
    """Read a record."""
    match codec.decode(received.record):
        case codec.Known(event):
            handler = handlers.get(type(event.data))
            if handler is None:
                return Skipped(received, "ignored")
            return Wanted(received, event, Delivery(group, event.source, str(event.id), event.key), handler)
        case codec.UnknownType():
            return Skipped(received, "unknown_type")
        case codec.UnknownVersion(event_type):
            return Unread(received, "unknown_version", f"no version of {event_type} that this code reads")
        case codec.Undecodable(reason):
            return Unread(received, "undecodable", reason)
        case never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Together:
    """Events that one handler takes in one transaction."""

    handler: GroupHandler
    events: list[Wanted]

    def takes(self, heard: Heard) -> bool:
        """Tell whether this one may come after those that it has."""
        return isinstance(heard, Wanted) and heard.handler is self.handler


def gather(heard: Iterable[Heard], most: int) -> Iterator[Heard | Together]:
    """Put consecutive events of one group handler together, at most so many, and leave everything else alone.

    What is skipped has no effect, so that it comes at once and parts nothing.
    """
    group: Together | None = None
    for each in heard:
        if isinstance(each, Skipped):
            yield each
            continue
        if group is not None and not (group.takes(each) and len(group.events) < most):
            yield group
            group = None
        match each:
            case Wanted(handler=GroupHandler() as handler):
                group = group or Together(handler, [])
                group.events.append(each)
            case _:
                yield each
    if group is not None:
        yield group


async def hand_over(handler: Handler | GroupHandler, event: Event[Contract], delivery: Delivery) -> Claim:
    """Let a handler of either kind try one event; gives what its claim found, and raises what fails."""
    if isinstance(handler, GroupHandler):
        (claim,) = await handler.handle([Delivered(event, delivery)])
        return claim
    try:
        await handler(event, delivery)
    except AlreadyHandled:
        return Claim.SEEN
    except KeyBlocked:
        return Claim.BLOCKED
    return Claim.NEW
