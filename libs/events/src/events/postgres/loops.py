"""The loops that carry one service's events, as a process runs them."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from common.tracing import UNTRACED, Tracer
from events.catalogue import LISTENS, topic_of
from events.delivery import Handlers
from events.failures import TransportAway
from events.postgres import inbox, metrics
from events.postgres.away import DATABASE_FAILURES
from events.postgres.consumer import Consumer, ConsumerSettings
from events.postgres.gauges import Gauges, Reached, unasked
from events.postgres.log import LogTransport
from events.postgres.relay import Relay, RelaySettings
from events.postgres.tracing import EMBEDDED
from events.transport import Transport
from events.turning import Beat, Turning
from events.wake import Wake

log = logging.getLogger(__name__)

_LONGEST_TURN = 180.0
"""Seconds: more than the bounds of a connection, its statements, a publication and the goodbyes after it together."""

_TIDY_EVERY = 600.0

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
    reached: Reached = unasked
    tracer: Tracer = UNTRACED

    @property
    def system(self) -> str:
        """What carries the records, as spans name it."""
        return EMBEDDED if isinstance(self.transport, LogTransport) else "kafka"

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that the service listens to."""
        return tuple(topic_of(heard) for heard in LISTENS[self.service])


def loops(carriage: Carriage) -> Mapping[str, Turning]:
    """Build the loops by name: relay, consumer, parked events, gauges, and the tidying of what is kept too long."""
    metrics.prepare(carriage.service)
    consumer = Consumer(
        carriage.engine,
        carriage.service,
        carriage.handlers,
        carriage.clock,
        carriage.consumer,
        tracer=carriage.tracer,
        system=carriage.system,
    )
    relay = Relay(
        carriage.engine,
        carriage.transport,
        carriage.clock,
        wake=carriage.wake,
        settings=carriage.relay,
        tracer=carriage.tracer,
        system=carriage.system,
    )

    gauges = Gauges(
        carriage.engine,
        carriage.transport,
        carriage.clock,
        topics=carriage.topics,
        group=carriage.service,
        reached=carriage.reached,
    )

    async def consume(stop: asyncio.Event, beat: Beat) -> None:
        while not stop.is_set():
            beat()
            subscription = carriage.transport.subscribe(carriage.topics, carriage.service)
            try:
                await subscription.run(consumer.handle, stop, beat)
            except TransportAway as error:
                log.warning("the transport is away; the consumer tries on", extra={"error": str(error)})
                await _pause(stop, 1.0)

    async def tidy(stop: asyncio.Event, beat: Beat) -> None:
        while not stop.is_set():
            with contextlib.suppress(TransportAway, *DATABASE_FAILURES):
                await _tidy_once(carriage, beat)
            await _pause(stop, _TIDY_EVERY)

    return {
        "relay": Turning(relay.run, _LONGEST_TURN),
        "consumer": Turning(consume, _LONGEST_TURN),
        "parked": Turning(consumer.drain, _LONGEST_TURN),
        "delivery-gauges": Turning(gauges.run, _LONGEST_TURN),
        "tidy": Turning(tidy, _TIDY_EVERY + _LONGEST_TURN),
    }


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


async def _tidy_once(carriage: Carriage, beat: Beat) -> None:
    before = carriage.clock() - INBOX_RETENTION
    while True:
        beat()
        async with carriage.engine.begin() as connection:
            if not await inbox.purge(connection, before=before):
                break
    if isinstance(carriage.transport, LogTransport):
        while await carriage.transport.expire():
            beat()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
