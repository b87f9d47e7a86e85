"""Asks where partitions end and what a group will read next, apart from any reading."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]  # the same
from aiokafka.errors import (  # type: ignore[import-untyped]  # the same
    KafkaConnectionError,
    KafkaError,
    UnknownTopicOrPartitionError,
    for_code,
)

from events.failures import TransportAway
from events.kafka.bounds import as_away, bounded
from events.kafka.brokers import Brokers
from events.kafka.settings import KafkaSettings
from events.transport import Positions

_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class _Clients:
    """Two clients, since neither answers everything."""

    admin: Any
    consumer: Any

    async def close(self) -> None:
        await asyncio.gather(self.admin.close(), self.consumer.stop(), return_exceptions=True)


class PositionsDesk:
    """Answers questions about positions; keeps its connections for the next question."""

    def __init__(self, brokers: Brokers, settings: KafkaSettings) -> None:
        self._brokers = brokers
        self._settings = settings
        self._clients: _Clients | None = None
        self._lock = asyncio.Lock()

    async def ends(self, topics: Sequence[str]) -> Positions:
        """Tell where the next record of each partition will be written; raises TransportAway."""

        async def ask(clients: _Clients) -> Positions:
            places = await _places(clients.admin, topics)
            return _plain(await clients.consumer.end_offsets(places))

        return await self._ask("asking for ends", ask)

    async def committed(self, topics: Sequence[str], group: str) -> Positions:
        """Tell which record of each partition the group will read next; raises TransportAway.

        Where the group has kept nothing yet, or what it kept has expired, that is the oldest record there is.
        """

        async def ask(clients: _Clients) -> Positions:
            places = await _places(clients.admin, topics)
            kept = await clients.admin.list_consumer_group_offsets(group, partitions=places)
            if missing := [place for place in places if place not in kept]:
                # The client overlooks an error that concerns the whole answer, and gives an empty one.
                raise TransportAway(f"Kafka says nothing of the group {group} and {missing[0]}")
            oldest = await clients.consumer.beginning_offsets(places)
            return _plain({place: max(kept[place].offset, oldest[place]) for place in places})

        return await self._ask("asking for a group's positions", ask)

    async def close(self) -> None:
        """Let go of the connections within a bound."""
        clients, self._clients = self._clients, None
        if clients is not None:
            await bounded(clients.close(), self._settings.close)

    async def _ask(self, what: str, question: Callable[[_Clients], Awaitable[Positions]]) -> Positions:
        with as_away(what):
            async with asyncio.timeout(self._settings.ask), self._lock:
                while True:
                    try:
                        return await question(await self._open())
                    except KafkaError as error:
                        await self.close()
                        if not error.retriable or isinstance(error, KafkaConnectionError):
                            raise
                        await asyncio.sleep(_PAUSE)
                    except BaseException:
                        await self.close()
                        raise

    async def _open(self) -> _Clients:
        if self._clients is None:
            common = self._brokers.arguments() | {"request_timeout_ms": int(self._settings.ask * 1000)}
            clients = _Clients(AIOKafkaAdminClient(**common), AIOKafkaConsumer(**common))
            try:
                await asyncio.gather(clients.admin.start(), clients.consumer.start())
            except BaseException:
                await bounded(clients.close(), self._settings.close)
                raise
            self._clients = clients
        return self._clients


async def _places(admin: Any, topics: Sequence[str]) -> list[Any]:
    places = []
    for topic in await admin.describe_topics(list(topics)):
        if topic["error_code"]:
            error = for_code(topic["error_code"])
            # A topic is made before its service starts, so that waiting for it here would only delay the answer.
            raise TransportAway(
                f"Kafka does not know the topic {topic['topic']}"
                if error is UnknownTopicOrPartitionError
                else f"Kafka, the topic {topic['topic']}: {error.__name__}"
            )
        places += [TopicPartition(topic["topic"], each["partition"]) for each in topic["partitions"]]
    return places


def _plain(offsets: Any) -> Positions:
    return {(place.topic, place.partition): offset for place, offset in offsets.items()}
