"""Transactions on notifier's database."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.webhooks.sealing import Sealer
from common.clock import Clock
from events.catalogue import topic_of
from events.delivery import Claim
from events.delivery import Delivery as Once
from events.envelope import Contract, Event
from events.postgres import inbox, outbox
from events.wake import Wake
from notifier.db.answers import PostgresAnswers
from notifier.db.deadlines import PostgresDeadlines
from notifier.db.deliveries import PostgresDeliveries
from notifier.db.notices import PostgresNotices
from notifier.db.people import PostgresPeople
from notifier.db.standing import PostgresStanding
from notifier.db.timers import PostgresTimers


@dataclass(frozen=True, slots=True)
class Wakes:
    """The bells of this process: something to relay, a timer planned, a delivery planned."""

    outbox: Wake = field(default_factory=Wake)
    timers: Wake = field(default_factory=Wake)
    deliveries: Wake = field(default_factory=Wake)


class PostgresWork:
    """One transaction's repositories, and what it will announce."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer
        self.announced: list[Event[Contract]] = []

    @cached_property
    def people(self) -> PostgresPeople:
        """The people."""
        return PostgresPeople(self._connection, self._sealer)

    @cached_property
    def deadlines(self) -> PostgresDeadlines:
        """The deadlines."""
        return PostgresDeadlines(self._connection)

    @cached_property
    def timers(self) -> PostgresTimers:
        """The timers."""
        return PostgresTimers(self._connection)

    @cached_property
    def notices(self) -> PostgresNotices:
        """The notices."""
        return PostgresNotices(self._connection)

    @cached_property
    def answers(self) -> PostgresAnswers:
        """The answers to notices."""
        return PostgresAnswers(self._connection)

    @cached_property
    def deliveries(self) -> PostgresDeliveries:
        """The deliveries."""
        return PostgresDeliveries(self._connection)

    @cached_property
    def standing(self) -> PostgresStanding:
        """What stands in the records."""
        return PostgresStanding(self._connection)

    def announce(self, events: Iterable[Event[Contract]]) -> None:
        """Collect events, which are written to the outbox as the last statement."""
        self.announced.extend(events)

    def ring(self, wakes: Wakes) -> None:
        """Wake the loops that the committed transaction has made work for."""
        if self.announced:
            wakes.outbox.ring()
        if self.timers.planned:
            wakes.timers.ring()
        if self.notices.posted or self.deliveries.due:
            wakes.deliveries.ring()


class PostgresStartWork:
    """Opens transactions on an engine."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, clock: Clock, wakes: Wakes) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._wakes = wakes

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[PostgresWork]:
        """Open a transaction."""
        async with self._open() as (_, work):
            yield work

    @asynccontextmanager
    async def together(
        self, deliveries: Sequence[Once]
    ) -> AsyncIterator[tuple[PostgresWork, Sequence[Claim]]]:
        """Open one for all these deliveries of events, and tell what was found of each."""
        async with self._open() as (connection, work):
            yield work, await inbox.claim_all(connection, deliveries, now=self._clock())

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[AsyncConnection, PostgresWork]]:
        async with self._engine.begin() as connection:
            work = PostgresWork(connection, self._sealer)
            yield connection, work
            await outbox.append(connection, topic_of("notifier"), work.announced, now=self._clock())
        work.ring(self._wakes)
