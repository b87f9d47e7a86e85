"""One transaction of capa's database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from capa.db.actions import PostgresActions
from capa.db.cases import PostgresCases
from capa.db.exposures import PostgresExposures
from capa.db.handling import PostgresHandling
from capa.db.nonconformities import PostgresNonconformities
from capa.db.signals import PostgresSignals
from capa.db.standing import PostgresStanding
from capa.db.triage import PostgresTriage
from common.clock import Clock
from events.catalogue import topic_of
from events.delivery import Claim, Delivery
from events.envelope import Contract, Event
from events.postgres import inbox, outbox
from events.wake import Wake

TOPIC = topic_of("capa")


class PostgresWork:
    """What one transaction offers, and what it will announce."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._triage = PostgresTriage(connection)
        self._actions = PostgresActions(connection)
        self._nonconformities = PostgresNonconformities(connection)
        self._cases = PostgresCases(connection)
        self._standing = PostgresStanding(connection)
        self._handling = PostgresHandling(connection)
        self._signals = PostgresSignals(connection)
        self._exposures = PostgresExposures(connection)
        self.announced: list[Event[Contract]] = []

    @property
    def triage(self) -> PostgresTriage:
        """Complaints and decisions."""
        return self._triage

    @property
    def actions(self) -> PostgresActions:
        """Actions and notices about them."""
        return self._actions

    @property
    def nonconformities(self) -> PostgresNonconformities:
        """Nonconformities that people work on."""
        return self._nonconformities

    @property
    def cases(self) -> PostgresCases:
        """Corrective-action cases."""
        return self._cases

    @property
    def standing(self) -> PostgresStanding:
        """What stands in the records."""
        return self._standing

    @property
    def handling(self) -> PostgresHandling:
        """What is told of the handling of complaints."""
        return self._handling

    @property
    def signals(self) -> PostgresSignals:
        """Signals and the limits of charts."""
        return self._signals

    @property
    def exposures(self) -> PostgresExposures:
        """Reported units."""
        return self._exposures

    def announce(self, *events: Event[Contract]) -> None:
        """Collect events, to be told in this order if the transaction commits."""
        self.announced.extend(events)


@dataclass(frozen=True, slots=True)
class PostgresStartWork:
    """Opens transactions; the relay is woken after each that announced something."""

    engine: AsyncEngine
    clock: Clock
    wake: Wake = field(default_factory=Wake)

    def __call__(self, once: Delivery | None = None) -> AbstractAsyncContextManager[PostgresWork]:
        """Open one; with `once` that delivery is claimed first, which may raise AlreadyHandled or KeyBlocked."""
        return self._open_once(once)

    @asynccontextmanager
    async def _open_once(self, once: Delivery | None) -> AsyncIterator[PostgresWork]:
        async with self._open() as (connection, work):
            if once is not None:
                await inbox.claim(connection, once, now=self.clock())
            yield work

    @asynccontextmanager
    async def together(
        self, deliveries: Sequence[Delivery]
    ) -> AsyncIterator[tuple[PostgresWork, Sequence[Claim]]]:
        """Open one for all these deliveries, and tell what was found of each."""
        async with self._open() as (connection, work):
            yield work, await inbox.claim_all(connection, deliveries, now=self.clock())

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[AsyncConnection, PostgresWork]]:
        async with self.engine.begin() as connection:
            work = PostgresWork(connection)
            yield connection, work
            await outbox.append(connection, TOPIC, work.announced, now=self.clock())
        if work.announced:
            self.wake.ring()
