"""Outbox, relays, log and a consumer on a real PostgreSQL, moved step by step and killed between any two."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.clock import utc_now
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered, Delivery, GroupHandler, Handler
from events.postgres import inbox, outbox
from events.postgres.consumer import Consumer, ConsumerSettings
from events.postgres.log import LogSettings, LogSubscription, LogTransport
from events.postgres.relay import Relay, RelaySettings
from events.transport import Publisher, Received, Record, Refusal
from tests.support.events import NOON, a_complaint_received, engine_of, make_delivery_tables, make_log_tables
from tests.support.events import Received as ReceivedEvent

TOPIC = "redress.intake"
TABLES = "outbox, outbox_sequence, inbox, parked, effect, log_record, log_head, log_cursor"


class Killed(BaseException):
    """What a process knows of its own kill -9: nothing after it runs, and every open transaction is rolled back."""


class Gate:
    """Holds a relay between taking its batch and writing it, until the test decides."""

    def __init__(self, real: Publisher) -> None:
        self._real = real
        self.reached = asyncio.Event()
        self.verdict: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        """Wait for the verdict: write, die before, or die after."""
        self.reached.set()
        verdict = await self.verdict
        if verdict == "die before":
            raise Killed
        refused = await self._real.publish(records)
        if verdict == "die after":
            raise Killed
        return refused

    async def close(self) -> None:
        """Nothing is held."""


class GatedTransport(LogTransport):
    """The embedded log behind a gate that is new for every publisher."""

    gate: Gate | None = None

    async def open_publisher(self) -> Publisher:
        self.gate = Gate(await super().open_publisher())
        return self.gate


class World:
    """One service that announces, one that listens; every process in it can be killed at every step."""

    relay_class: type[Relay] = Relay
    subscription_class: type[LogSubscription] = LogSubscription
    claims = True

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = engine_of(url, pool_size=10)
        self.steps: dict[int, tuple[asyncio.Task[int], GatedTransport]] = {}
        self.accepted: dict[str, int] = defaultdict(int)
        self.dies = ""

    async def prepare(self) -> None:
        """Make the tables, once."""
        await make_delivery_tables(self.engine)
        await make_log_tables(self.engine)
        async with self.engine.begin() as connection:
            await connection.execute(
                sa.text(
                    "CREATE TABLE effect (nth bigint GENERATED ALWAYS AS IDENTITY, key text, sequence bigint)"
                )
            )

    async def reset(self) -> None:
        """Start a new story."""
        self.steps.clear()
        self.accepted.clear()
        self.dies = ""
        async with self.engine.begin() as connection:
            await connection.execute(sa.text(f"TRUNCATE {TABLES}"))
        subscription = self._subscription()
        # A run that stops at once makes the group's cursors.
        stop = asyncio.Event()
        stop.set()
        await (
            LogTransport(self.engine, utc_now).subscribe([TOPIC], subscription.group).run(self._consume, stop)
        )

    def _subscription(self) -> Any:
        subscription = self.subscription_class(self.engine, utc_now, LogSettings(batch=5), (TOPIC,), "capa")
        subscription.group = "capa"  # type: ignore[attr-defined]  # for the run that makes the cursors
        return subscription

    async def accept(self, keys: Sequence[str]) -> None:
        """Commit one transaction that announces an event for each key."""
        async with self.engine.begin() as connection:
            await outbox.append(connection, TOPIC, [a_complaint_received(key) for key in keys], now=NOON)
        for key in keys:
            self.accepted[key] += 1

    async def take(self, number: int) -> None:
        """Let a relay take a batch, up to the gate."""
        if number in self.steps:
            return
        transport = GatedTransport(self.engine, utc_now)
        relay = self.relay_class(self.engine, transport, utc_now, settings=RelaySettings(rows=3, shards=2))
        task = asyncio.create_task(relay.step())
        self.steps[number] = task, transport
        while not task.done() and not (transport.gate and transport.gate.reached.is_set()):
            await asyncio.sleep(0.001)
        if task.done():
            await self._forget(number)

    async def decide(self, number: int, verdict: str) -> None:
        """Let the relay at the gate write or die."""
        if number not in self.steps:
            return
        gate = self.steps[number][1].gate
        assert gate is not None
        gate.verdict.set_result(verdict)
        await self._forget(number)

    async def _forget(self, number: int) -> None:
        task, _ = self.steps.pop(number)
        try:
            await asyncio.wait_for(task, 10)
        except Killed:
            return

    async def consume(self, dies: str = "") -> bool:
        """Let the consumer take one batch, dying at a named point of its first record, or failing once, if told."""
        self.dies = dies
        try:
            return bool(await self._subscription().serve_one(self._consume))
        except Killed:
            return True

    async def _consume(self, batch: Sequence[Received]) -> int:
        quick = ConsumerSettings(first_delay=0.001, longest_delay=0.001)
        consumer = Consumer(self.engine, "capa", {ComplaintReceivedV1: self._handler()}, utc_now, quick)
        return await consumer.handle(batch)

    def _handler(self) -> Handler | GroupHandler:
        return self._handle

    async def _handle(self, event: ReceivedEvent, delivery: Delivery) -> None:
        async with self.engine.begin() as connection:
            if self.claims:
                await inbox.claim(connection, delivery, now=NOON)
            await self._write(connection, event)
        if self.dies == "after commit":
            raise Killed

    async def _write(self, connection: AsyncConnection, event: ReceivedEvent) -> None:
        await connection.execute(
            sa.text("INSERT INTO effect (key, sequence) VALUES (:key, :sequence)"),
            {"key": event.key, "sequence": event.sequence},
        )
        if self.dies == "before commit":
            raise Killed
        if self.dies == "stumbles":
            self.dies = ""
            raise RuntimeError

    async def quiesce(self) -> None:
        """Let everything that is left finish undisturbed."""
        for number in list(self.steps):
            await self.decide(number, "write")
        relay = self.relay_class(self.engine, LogTransport(self.engine, utc_now), utc_now)
        while await relay.step():
            pass
        while await self.consume():
            pass

    async def effects(self) -> dict[str, list[int]]:
        """The effects per key, in the order in which they happened."""
        found: dict[str, list[int]] = defaultdict(list)
        async with self.engine.connect() as connection:
            for row in await connection.execute(sa.text("SELECT key, sequence FROM effect ORDER BY nth")):
                found[row.key].append(row.sequence)
        return dict(found)

    def owed(self) -> dict[str, list[int]]:
        """The effects that the accepted events must have had."""
        return {key: list(range(1, count + 1)) for key, count in self.accepted.items()}


class GroupWorld(World):
    """The same world, where the listener handles in one transaction what waits together."""

    def _handler(self) -> Handler | GroupHandler:
        return GroupHandler(self._handle_together)

    async def _handle_together(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        async with self.engine.begin() as connection:
            claims = await self._claim(connection, delivered)
            for each, claim in zip(delivered, claims, strict=True):
                if claim is Claim.NEW:
                    await self._write(connection, each.event)
        if self.dies == "after commit":
            raise Killed
        return claims

    async def _claim(self, connection: AsyncConnection, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        return await inbox.claim_all(connection, [each.delivery for each in delivered], now=NOON)
