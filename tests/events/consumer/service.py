"""A service whose consumer and handler do as a test says."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import groupby

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codec import encode
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered, Delivery, GroupHandler
from events.failures import NeverWillWork
from events.postgres import inbox, parking
from events.postgres.consumer import Consumer, ConsumerSettings
from events.transport import Received
from tests.support.events import NOON, a_complaint_received
from tests.support.events import Received as ReceivedEvent

TOPIC = "redress.intake"
QUICK = ConsumerSettings(retry_for=0.0, attempts=2, first_delay=0.001, longest_delay=0.002, parked_attempts=3)


class Service:
    """A service whose only effect is a row per event, written in the transaction of the claim.

    With `together` its handler takes groups; what must hold is the same.
    """

    def __init__(self, engine: AsyncEngine, *, together: bool = False) -> None:
        self.engine = engine
        self.together = together
        self.now = NOON
        self.tries: list[str] = []
        self.fails: dict[str, Callable[[], Awaitable[None]]] = {}

    def clock(self) -> datetime:
        return self.now

    async def handle(self, event: ReceivedEvent, delivery: Delivery) -> None:
        async with self.engine.begin() as connection:
            await inbox.claim(connection, delivery, now=self.now)
            await self._write(connection, event)

    async def handle_together(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        async with self.engine.begin() as connection:
            deliveries = [each.delivery for each in delivered]
            claims = await inbox.claim_all(connection, deliveries, now=self.now)
            for each, claim in zip(delivered, claims, strict=True):
                if claim is Claim.NEW:
                    await self._write(connection, each.event)
        return claims

    async def _write(self, connection: AsyncConnection, event: ReceivedEvent) -> None:
        self.tries.append(event.subject)
        await connection.execute(
            sa.text("INSERT INTO effect (key, version) VALUES (:key, :version)"),
            {"key": event.key, "version": event.version},
        )
        if event.subject in self.fails:
            await self.fails[event.subject]()

    def consumer(self, settings: ConsumerSettings = QUICK) -> Consumer:
        handler = GroupHandler(self.handle_together) if self.together else self.handle
        return Consumer(self.engine, "capa", {ComplaintReceivedV1: handler}, self.clock, settings)

    async def transactions(self) -> list[list[tuple[str, int]]]:
        """The effects by the transaction that had them, in order."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                sa.text("SELECT key, version, CAST(xmin AS text) AS written_by FROM effect ORDER BY nth")
            )
            return [
                [(row.key, row.version) for row in written]
                for _, written in groupby(rows, key=lambda row: row.written_by)
            ]

    async def effects(self) -> list[tuple[str, int]]:
        async with self.engine.connect() as connection:
            rows = await connection.execute(sa.text("SELECT key, version FROM effect ORDER BY nth"))
            return [(row.key, row.version) for row in rows]

    async def set_aside(self) -> list[tuple[str, str, str]]:
        async with self.engine.connect() as connection:
            return [
                (parked.identity.key, parked.state, parked.reason)
                for parked in await parking.listed(connection, "capa")
            ]


def received(event: ReceivedEvent, position: int = 0) -> Received:
    return Received(encode(event, TOPIC), 3, position, NOON)


def story(key: str, length: int) -> list[ReceivedEvent]:
    return [a_complaint_received(key, version) for version in range(1, length + 1)]


async def bug() -> None:
    raise ZeroDivisionError("a bug")


async def hopeless() -> None:
    raise NeverWillWork("no_such_product", "nobody knows the product")


together = pytest.mark.parametrize("service", [True], indirect=True, ids=["together"])
