"""One transaction of intake: repositories, announced events, and the claim on the event that caused it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from common.clock import Clock
from events.catalogue import topic_of
from events.delivery import Claim, Delivery
from events.postgres import inbox, outbox
from events.series import Announced
from events.wake import Wake
from intake.db.attached_files import PostgresFileRows
from intake.db.clocks import PostgresClocks
from intake.db.complaints import PostgresComplaints
from intake.db.erasures import PostgresErasures
from intake.db.handlings import PostgresHandlings
from intake.db.imports import PostgresImportRows
from intake.db.keys import claim_key
from intake.db.progress import PostgresProgress
from intake.usecases.ports import Repeated, RequestKey, Work

TOPIC = topic_of("intake")


class PostgresWork:
    """A `Work` on one connection."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._complaints = PostgresComplaints(connection, clock)
        self._clocks = PostgresClocks(connection)
        self._handlings = PostgresHandlings(connection, clock)
        self._progress = PostgresProgress(connection)
        self._imports = PostgresImportRows(connection)
        self._files = PostgresFileRows(connection)
        self._erasures = PostgresErasures(connection)
        self.announced: list[Announced] = []

    @property
    def complaints(self) -> PostgresComplaints:
        """The complaints."""
        return self._complaints

    @property
    def clocks(self) -> PostgresClocks:
        """The clocks of complaints."""
        return self._clocks

    @property
    def handlings(self) -> PostgresHandlings:
        """What has been done about complaints."""
        return self._handlings

    @property
    def progress(self) -> PostgresProgress:
        """What capa announced."""
        return self._progress

    @property
    def imports(self) -> PostgresImportRows:
        """The rows of imports."""
        return self._imports

    @property
    def files(self) -> PostgresFileRows:
        """The attachments."""
        return self._files

    @property
    def erasures(self) -> PostgresErasures:
        """Holds and erasures."""
        return self._erasures

    def announce(self, event: Announced) -> None:
        """Have an event told once the work is committed."""
        self.announced.append(event)

    async def claim_key(self, key: RequestKey, complaint_id: UUID, status: int) -> Repeated | None:
        """Claim an Idempotency-Key before the effect; Repeated where it was used, and then nothing may be written."""
        return await claim_key(self._connection, key, complaint_id, status, at=self._clock())


class Bells(Wake):
    """The bells of one process. Ringing it calls the relay, and whoever fills the feed of changes.

    `changes` calls the latter alone; `imports` tells of an import that waits, `webhooks` of deliveries that are due.
    """

    def __init__(self, *, hears_all: bool = False) -> None:
        super().__init__(hears_all=hears_all)
        self.changes = Wake(hears_all=hears_all)
        self.imports = Wake(hears_all=hears_all)
        self.webhooks = Wake(hears_all=hears_all)

    @override
    def ring(self) -> None:
        super().ring()
        self.changes.ring()


class PostgresStartWork:
    """Begins transactions on one engine, and rings the bells of what may have to be done after each."""

    def __init__(self, engine: AsyncEngine, clock: Clock, wake: Bells) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake

    def __call__(self, once: Delivery | None = None) -> AbstractAsyncContextManager[Work]:
        """Begin; with `once` the delivery is claimed first, and AlreadyHandled ends the matter."""
        return self._work_once(once)

    @asynccontextmanager
    async def _work_once(self, once: Delivery | None) -> AsyncIterator[Work]:
        async with self._work() as (connection, work):
            if once is not None:
                await inbox.claim(connection, once, now=self._clock())
            yield work

    @asynccontextmanager
    async def together(self, deliveries: Sequence[Delivery]) -> AsyncIterator[tuple[Work, Sequence[Claim]]]:
        """Begin one for all these deliveries, and tell what was found of each."""
        async with self._work() as (connection, work):
            yield work, await inbox.claim_all(connection, deliveries, now=self._clock())

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[tuple[AsyncConnection, Work]]:
        async with self._engine.begin() as connection:
            work = PostgresWork(connection, self._clock)
            yield connection, work
            await outbox.append(connection, TOPIC, work.announced, now=self._clock())
        if work.announced:
            self._wake.ring()
        else:
            self._wake.changes.ring()
