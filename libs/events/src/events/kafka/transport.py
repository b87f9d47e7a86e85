"""Kafka behind the port: for anything that is bigger than one machine."""

from collections.abc import Sequence

from typing_extensions import override

from events.kafka.brokers import Brokers
from events.kafka.positions import PositionsDesk
from events.kafka.publisher import KafkaPublisher
from events.kafka.settings import KafkaSettings
from events.kafka.subscription import KafkaSubscription
from events.transport import Positions, Publisher, Subscription, Transport


class KafkaTransport(Transport):
    """Carries records through a Kafka cluster; topics are made beforehand."""

    def __init__(self, brokers: Brokers, settings: KafkaSettings | None = None) -> None:
        self._brokers = brokers
        self._settings = settings or KafkaSettings()
        self._desk = PositionsDesk(brokers, self._settings)

    @override
    async def open_publisher(self) -> Publisher:
        return await KafkaPublisher.open(self._brokers, self._settings)

    @override
    def subscribe(self, topics: Sequence[str], group: str) -> Subscription:
        return KafkaSubscription(self._brokers, topics, group, settings=self._settings, desk=self._desk)

    @override
    async def ends(self, topics: Sequence[str]) -> Positions:
        return await self._desk.ends(topics)

    @override
    async def committed(self, topics: Sequence[str], group: str) -> Positions:
        return await self._desk.committed(topics, group)

    @override
    async def close(self) -> None:
        await self._desk.close()
