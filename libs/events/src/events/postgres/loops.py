"""The loops that carry one service's events, as a process runs them."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from events.catalogue import LISTENS, topic_of
from events.delivery import Handlers
from events.failures import TransportAway
from events.postgres import inbox, metrics
from events.postgres.away import DATABASE_FAILURES
from events.postgres.consumer import Consumer, ConsumerSettings
from events.postgres.log import LogTransport
from events.postgres.relay import Relay, RelaySettings
from events.transport import Transport
from events.wake import Wake

log = logging.getLogger(__name__)

Run = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event given is set, and then ends within a bound."""

INBOX_RETENTION = timedelta(days=37)
"""Longer than a topic keeps its events (7 days) and the oldest dead letter that is replayed (30 days)."""


@dataclass(frozen=True, slots=True)
class Carriage:
    """Everything that one service's delivery is built from."""

    service: str
    engine: AsyncEngine
    transport: Transport
    clock: Clock
    wake: Wake
    handlers: Handlers
    relay: RelaySettings = field(default_factory=RelaySettings)
    consumer: ConsumerSettings = field(default_factory=ConsumerSettings)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that the service listens to."""
        return tuple(topic_of(heard) for heard in LISTENS[self.service])


def loops(carriage: Carriage) -> Mapping[str, Run]:
    """Build the loops by name: relay, consumer, parked events, and the tidying of what is kept too long."""
    metrics.prepare(carriage.topics)
    consumer = Consumer(
        carriage.engine, carriage.service, carriage.handlers, carriage.clock, carriage.consumer
    )
    relay = Relay(
        carriage.engine, carriage.transport, carriage.clock, wake=carriage.wake, settings=carriage.relay
    )

    async def consume(stop: asyncio.Event) -> None:
        while not stop.is_set():
            subscription = carriage.transport.subscribe(carriage.topics, carriage.service)
            try:
                await subscription.run(consumer.handle, stop)
            except TransportAway as error:
                log.warning("the transport is away; the consumer tries on", extra={"error": str(error)})
                await _pause(stop, 1.0)

    async def tidy(stop: asyncio.Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(TransportAway, *DATABASE_FAILURES):
                await _tidy_once(carriage)
            await _pause(stop, 600.0)

    return {"relay": relay.run, "consumer": consume, "parked": consumer.drain, "tidy": tidy}


async def read_what_was_there(
    transport: Transport, topics: Sequence[str], group: str, stop: asyncio.Event
) -> None:
    """Wait until the group has read everything that was in the topics when this was called, or until stopped."""
    ends = None
    while not stop.is_set():
        try:
            ends = ends or await transport.ends(topics)
            committed = await transport.committed(topics, group)
        except TransportAway:
            await _pause(stop, 1.0)
            continue
        if all(committed.get(place, 0) >= end for place, end in ends.items()):
            return
        await _pause(stop, 0.1)


async def _tidy_once(carriage: Carriage) -> None:
    before = carriage.clock() - INBOX_RETENTION
    while True:
        async with carriage.engine.begin() as connection:
            if not await inbox.purge(connection, before=before):
                break
    if isinstance(carriage.transport, LogTransport):
        while await carriage.transport.expire():
            pass


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
