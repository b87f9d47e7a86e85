"""What the contract suite needs of each transport besides the port itself."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from aiokafka import TopicPartition  # type: ignore[import-untyped]  # it ships no types
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]  # the same

from common.clock import utc_now
from events.kafka.brokers import Brokers
from events.kafka.settings import KafkaSettings
from events.kafka.transport import KafkaTransport
from events.postgres.log import LogSettings, LogTransport
from events.transport import Transport
from local.kafka import Broker, ensure_topics
from tests.support.events import engine_of, make_log_tables

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Carrier(Protocol):
    """A running transport; every `member` is a client of its own, as a process would have it."""

    topic: str

    def member(self) -> Transport:
        """One process's transport."""

    async def expire(self) -> None:
        """Let everything that is written now grow older than the retention."""

    async def close(self) -> None:
        """Let go of every member."""


class EmbeddedCarrier:
    """The embedded log in a database of its own."""

    topic = "redress.intake"

    def __init__(self, url: str) -> None:
        self._url = url
        self._engines: list[AsyncEngine] = []

    @classmethod
    async def create(cls, url: str) -> "EmbeddedCarrier":
        engine = engine_of(url)
        await make_log_tables(engine)
        await engine.dispose()
        return cls(url)

    def member(self) -> Transport:
        engine = engine_of(self._url, pool_size=6)
        self._engines.append(engine)
        return LogTransport(engine, utc_now, LogSettings(batch=50))

    async def expire(self) -> None:
        engine = engine_of(self._url)
        old = LogTransport(engine, utc_now, LogSettings(retention=timedelta(0)))
        while await old.expire():
            pass
        await old.close()

    async def close(self) -> None:
        for engine in self._engines:
            await engine.dispose()


QUICK = KafkaSettings(
    batch=50,
    session=6.0,
    heartbeat=0.5,
    rebalance=10.0,
    request=8.0,
    revoke=3.0,
    drain=3.0,
    commit=3.0,
    stuck=10.0,
)


class KafkaCarrier:
    """A topic of its own on a real broker, that other carriers may share."""

    def __init__(self, bootstrap_servers: str, topic: str, settings: KafkaSettings) -> None:
        self.topic = topic
        self._bootstrap_servers = bootstrap_servers
        self._settings = settings
        self._members: list[KafkaTransport] = []

    @classmethod
    async def create(cls, broker: Broker, settings: KafkaSettings = QUICK) -> "KafkaCarrier":
        topic = f"test.{uuid.uuid4().hex}"
        await ensure_topics(broker.bootstrap_servers, {topic: 6})
        return cls(broker.bootstrap_servers, topic, settings)

    def member(self) -> Transport:
        member = KafkaTransport(Brokers(self._bootstrap_servers), self._settings)
        self._members.append(member)
        return member

    async def expire(self) -> None:
        # A broker looks for old segments every few minutes; to a reader this is the same: the log begins later.
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap_servers)
        await admin.start()
        try:
            ends = await self.member().ends([self.topic])
            await admin.delete_records(
                {TopicPartition(*place): RecordsToDelete(before_offset=end) for place, end in ends.items()}
            )
        finally:
            await admin.close()

    async def close(self) -> None:
        for member in self._members:
            await member.close()
