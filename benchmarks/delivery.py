"""Events per second through outbox, relay, transport, inbox and a handler, against a bare producer and consumer."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.machine import environment, make_key, migrate, postgres
from benchmarks.tables import Table
from chassis.database import open_engine
from common.clock import utc_now
from common.ids import new_id
from events.catalogue import topic_of
from events.codec import encode
from events.contracts.intake import ComplaintReceivedV1
from events.contracts.words import Severity
from events.delivery import Delivery
from events.envelope import Contract, Event
from events.kafka.brokers import Brokers
from events.kafka.transport import KafkaTransport
from events.postgres import inbox, outbox
from events.postgres.consumer import Consumer
from events.postgres.log import LogTransport
from events.postgres.relay import Relay
from events.transport import Record, Transport
from local.kafka import PARTITIONS, Broker, ensure_topics, kafka_version, missing_tools
from local.postgres import Server

BYTES: Final = 1_000
"""Key, headers and value of each event together."""
WARM_UP: Final = 200
WITHIN: Final = 600.0
"""Seconds that one way may take."""
TOPIC: Final = topic_of("intake")
BARE_TOPIC: Final = "redress.bench"
GROUP: Final = "capa"
_AT_ONCE: Final = 500


@dataclass(slots=True)
class Count:
    """Counts arrivals, and lets somebody wait for a number of them."""

    seen: int = 0
    _wanted: int = 0
    _there: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, number: int = 1) -> None:
        """Count some more."""
        self.seen += number
        if self.seen >= self._wanted:
            self._there.set()

    async def reach(self, number: int) -> None:
        """Wait until so many were counted; raises TimeoutError beyond the bound."""
        self._wanted = number
        self._there.clear()
        if self.seen < number:
            async with asyncio.timeout(WITHIN):
                await self._there.wait()


async def measure(*, quick: bool) -> list[Table]:
    """Carry the events on each transport, and the same bytes by a bare producer and consumer."""
    number = 2_000 if quick else 20_000
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as name, postgres() as server:
        _databases(server, Path(name))
        async with _engine(server, "redress_log", 6) as log:
            rates["embedded"] = await _carry(server, LogTransport(log, utc_now), number)
        if missing := missing_tools():
            print("NOT MEASURED on Kafka: " + " ".join(missing), file=sys.stderr)
        else:
            async with Broker(Path(name) / "kafka") as broker:
                bootstrap = broker.bootstrap_servers
                await ensure_topics(bootstrap, {TOPIC: PARTITIONS, BARE_TOPIC: PARTITIONS})
                rates["bare"] = await _carry_bare(bootstrap, number)
                rates["kafka"] = await _carry(server, KafkaTransport(Brokers(bootstrap)), number)
    return [_table(rates, number)]


def _databases(server: Server, folder: Path) -> None:
    """Make the databases of a sender, a receiver and the log, as the services' own migrations make them."""
    variables = environment(server, folder)
    make_key(folder, "complaints:write")
    for service in ("intake", "capa"):
        server.create_database(f"redress_{service}")
        server.create_database("redress_log")
        migrate(service, variables)


@asynccontextmanager
async def _engine(server: Server, database: str, connections: int = 4) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(server.url(database), name="bench", pool_size=connections)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _carry(server: Server, transport: Transport, number: int) -> float:
    """Carry events that wait in the outbox to a handler behind the inbox; gives events per second."""
    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(_engine(server, "redress_intake"))
        receiver = await stack.enter_async_context(_engine(server, "redress_capa"))
        stack.push_async_callback(transport.close)
        count = Count()

        async def handle(_: Any, delivery: Delivery) -> None:
            async with receiver.begin() as connection:
                await inbox.claim(connection, delivery, now=utc_now())
            count.add()

        consumer = Consumer(receiver, GROUP, {ComplaintReceivedV1: handle}, utc_now)
        subscription = transport.subscribe([TOPIC], GROUP)
        await stack.enter_async_context(_running(lambda stop: subscription.run(consumer.handle, stop)))
        await _write(sender, _events(WARM_UP))
        async with _running(Relay(sender, transport, utc_now).run):
            await count.reach(WARM_UP)
        await _write(sender, _events(number))
        began = time.perf_counter()
        async with _running(Relay(sender, transport, utc_now).run):
            await count.reach(WARM_UP + number)
            seconds = time.perf_counter() - began
        await _check(sender, receiver, WARM_UP + number)
    return number / seconds


async def _check(sender: AsyncEngine, receiver: AsyncEngine, number: int) -> None:
    """Raise unless the outbox is empty and the inbox knows every event; the inbox is emptied for the next."""
    async with sender.connect() as connection:
        left = (await connection.execute(sa.text("SELECT count(*) FROM outbox"))).scalar_one()
    async with receiver.begin() as connection:
        known = (await connection.execute(sa.text("DELETE FROM inbox"))).rowcount
    if left or known != number:
        raise RuntimeError(f"{left} events stayed in the outbox, and the inbox knows {known} of {number}")


async def _write(engine: AsyncEngine, events: Sequence[Event[Contract]]) -> None:
    for start in range(0, len(events), _AT_ONCE):
        async with engine.begin() as connection:
            await outbox.append(connection, TOPIC, events[start : start + _AT_ONCE], now=utc_now())


@asynccontextmanager
async def _running(run: Any) -> AsyncIterator[None]:
    """Run a loop until the block ends; its failure ends the block."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(run(stop))
        try:
            yield
        finally:
            stop.set()


async def _carry_bare(bootstrap: str, number: int) -> float:
    """Send the same bytes with a bare producer to a bare consumer; gives records per second."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    consumer = AIOKafkaConsumer(
        BARE_TOPIC, bootstrap_servers=bootstrap, group_id="bench", auto_offset_reset="earliest"
    )
    count = Count()

    async def read(stop: asyncio.Event) -> None:
        while not stop.is_set():
            found = await consumer.getmany(timeout_ms=100)
            count.add(sum(len(records) for records in found.values()))

    async def send(records: Sequence[Record]) -> None:
        for record in records:
            await producer.send(BARE_TOPIC, key=record.key, value=record.value, headers=list(record.headers))
        await producer.flush()

    async with AsyncExitStack() as stack:
        for client in (producer, consumer):
            await client.start()
            stack.push_async_callback(client.stop)
        await stack.enter_async_context(_running(read))
        await send([encode(event, BARE_TOPIC) for event in _events(WARM_UP)])
        await count.reach(WARM_UP)
        records = [encode(event, BARE_TOPIC) for event in _events(number)]
        began = time.perf_counter()
        await send(records)
        await count.reach(WARM_UP + number)
        return number / (time.perf_counter() - began)


def _events(number: int) -> list[Event[Contract]]:
    """Make events of about 1,000 bytes, each with a key of its own."""
    lacking = BYTES - encode(_event(1), TOPIC).size
    return [_event(place + 1, padding=lacking) for place in range(number)]


def _event(place: int, *, padding: int = 0) -> Event[Contract]:
    complaint_id, now = new_id(), utc_now()

    def code(text: str, nth: int) -> str:
        return text + "x" * min(90, max(0, padding - 90 * nth))

    return Event[Contract](
        id=new_id(),
        source="/redress/intake",
        key=str(complaint_id),
        subject=str(complaint_id),
        version=1,
        occurred_at=now,
        recorded_at=now,
        actor="system:crm",
        correlation_id=UUID(int=place),
        data=ComplaintReceivedV1(
            complaint_id=complaint_id,
            number=f"C-{place}",
            source_system=code("crm", 0),
            channel="phone",
            reported_severity=Severity.MAJOR,
            product=code("loan", 1),
            category=code("fees", 2),
            lot=code("lot", 3),
            aware_at=now,
            received_at=now,
        ),
    )


def _table(rates: dict[str, float], number: int) -> Table:
    bare = rates.get("bare")

    def row(name: str, title: str) -> tuple[str, ...]:
        if name not in rates:
            return title, "not measured: no Java or Maven", ""
        return title, f"{rates[name]:,.0f}", f"{rates[name] / bare:.3f}" if bare else ""

    kafka = f"Apache Kafka {kafka_version()}, one broker"
    return Table(
        "Events",
        f"{number:,} events of {BYTES:,} bytes, each with a key of its own, that wait in the outbox; relay, transport,"
        " consumer, and a transaction for each event that claims it in the inbox; one round after a warm-up, both ends"
        " in one process. bare: the same bytes by aiokafka's producer (acks=all) and consumer alone, same broker.",
        ("", "events per second", "against bare"),
        (
            row("bare", f"bare, {kafka}"),
            row("kafka", f"Redress, {kafka}"),
            row("embedded", "Redress, embedded log"),
        ),
    )
