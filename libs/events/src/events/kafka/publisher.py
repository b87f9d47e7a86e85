"""Writes records to Kafka so that no key's order depends on what a failed producer still does.

Each partition has at most one batch under way, and the next leaves only after its acknowledgement. Whatever is
retried, expires or is abandoned, what reached the partition is a prefix of what was to be written, perhaps twice;
only what the broker refuses for itself is left out of it, with what follows under its key.
That holds without the idempotent producer, which aiokafka never lets expire: it would hang when brokers are away, and
one refused batch would leave a gap in its sequence that blocks the partition for good.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # it ships no types
from aiokafka.errors import (  # type: ignore[import-untyped]  # the same
    InvalidTimestampError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnsupportedForMessageFormatError,
)
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]  # the same
from typing_extensions import override

from events.failures import TransportAway
from events.kafka.bounds import as_away, bounded
from events.kafka.brokers import Brokers
from events.kafka.settings import KafkaSettings
from events.transport import MAX_RECORD_BYTES, Partition, Publisher, Record, Refusal, oversize

log = logging.getLogger(__name__)

_BATCH_BYTES = MAX_RECORD_BYTES
"""A batch of several records; one record alone always makes a batch, and its framing fits what brokers allow."""

_MARGIN = 5.0
"""Seconds beyond the parts' own bounds, after which a goodbye is given up as a whole."""

_ASKED = 2
"""An answer that was under way when a topic was added may be about the others alone."""

_REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    InvalidTimestampError,
    PolicyViolationError,
    UnsupportedForMessageFormatError,
    UnknownError,
)
"""What a broker answers about a record, in words too new for the client as well; all else is an absence."""

_partition_of_key = DefaultPartitioner()
"""Java's murmur2, so that any client finds a key where another one has put it."""

Numbered = tuple[int, Record]
"""A record and its place in what was to be published."""


class KafkaPublisher(Publisher):
    """Writes through one producer."""

    def __init__(self, producer: Any, settings: KafkaSettings) -> None:
        self._producer = producer
        self._settings = settings

    @classmethod
    async def open(cls, brokers: Brokers, settings: KafkaSettings) -> Self:
        """Connect within a bound, or raise TransportAway."""
        with as_away("connecting"):
            producer = AIOKafkaProducer(
                **brokers.arguments(),
                acks="all",
                max_batch_size=_BATCH_BYTES,
                request_timeout_ms=int(settings.publish * 1000),
            )
        publisher = cls(producer, settings)
        try:
            with as_away("connecting"):
                async with asyncio.timeout(settings.start):
                    await producer.start()
        except BaseException:
            await publisher.close()
            raise
        return publisher

    @override
    async def publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        with as_away("publishing"):
            closed = await self._closed_topics({record.topic for record in records})
            refused = oversize(records)
            for index, record in enumerate(records):
                if record.topic in closed:
                    refused.setdefault(index, Refusal(closed[record.topic], "topic"))
            queues = self._queues(records, refused)
            writes = [self._write(place, queue) for place, queue in queues.items()]
            # All are waited for: a write that is left behind would go on beside the next attempt.
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
                refused |= outcome
        return refused

    async def _closed_topics(self, topics: Collection[str]) -> Mapping[str, str]:
        """Say why topics cannot be written to, asking again about those that the client does not know.

        The client itself would wait for such a topic as long as for an acknowledgement, and all others with it.
        """
        client = self._producer.client
        unknown: list[str] = []
        for _ in range(_ASKED):
            unknown = [topic for topic in topics if client.cluster.partitions_for_topic(topic) is None]
            if not unknown:
                return {}
            for topic in unknown:
                client.add_topic(topic)
            if not await client.force_metadata_update():
                raise TransportAway("Kafka does not say which topics there are")
        return {
            topic: f"Kafka lets this user not write to the topic {topic}"
            if topic in client.cluster.unauthorized_topics
            else f"Kafka does not know the topic {topic}"
            for topic in unknown
            if client.cluster.partitions_for_topic(topic) is None
        }

    def _queues(self, records: Sequence[Record], refused: Collection[int]) -> dict[Partition, list[Numbered]]:
        cluster = self._producer.client.cluster
        partitions: dict[str, list[int]] = {}
        queues: dict[Partition, list[Numbered]] = {}
        for index, record in enumerate(records):
            if index in refused:
                continue
            if record.topic not in partitions:
                partitions[record.topic] = sorted(cluster.partitions_for_topic(record.topic))
            partition: int = _partition_of_key(record.key, partitions[record.topic], [])
            queues.setdefault((record.topic, partition), []).append((index, record))
        return queues

    async def _write(self, place: Partition, queue: list[Numbered]) -> dict[int, Refusal]:
        """Write one partition's records, batch after batch; a batch that is refused is split until one record is."""
        refused: dict[int, Refusal] = {}
        most = len(queue)
        while queue:
            batch, count = self._pack(queue[:most])
            try:
                await self._send(place, batch)
            except TopicAuthorizationFailedError:
                reason = f"Kafka lets this user not write to the topic {place[0]}"
                return refused | {index: Refusal(reason, "topic") for index, _ in queue}
            except _REFUSALS as error:
                # The broker judges the batch as a whole, and a topic may allow less than a transport carries.
                if count > 1:
                    most = count // 2
                    continue
                index, record = queue[0]
                refused[index] = Refusal(_reason(record, error), "key")
                behind = [number for number, later in queue[1:] if later.key == record.key]
                refused |= {
                    number: Refusal("an earlier record of its key is refused", "key") for number in behind
                }
                queue = [(number, later) for number, later in queue[1:] if later.key != record.key]
                most = len(queue)
            else:
                queue = queue[count:]
        return refused

    def _pack(self, queue: Sequence[Numbered]) -> tuple[Any, int]:
        """Put as many records into a batch as it takes, at least one, and tell how many."""
        batch = self._producer.create_batch()
        for count, (_, record) in enumerate(queue):
            headers = list(record.headers)
            if batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
                return batch, count
        return batch, len(queue)

    async def _send(self, place: Partition, batch: Any) -> None:
        topic, partition = place
        acknowledged = await self._producer.send_batch(batch, topic, partition=partition)
        await acknowledged

    @override
    async def close(self) -> None:
        await bounded(_end(self._producer, self._settings.close), 3 * self._settings.close + _MARGIN)


def _reason(record: Record, error: Exception) -> str:
    if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
        return f"the topic {record.topic} takes no record of {record.size} bytes: raise max.message.bytes"
    return f"the topic {record.topic} does not take it: {type(error).__name__}"


async def _end(producer: Any, seconds: float) -> None:
    if not await bounded(producer.stop(), seconds):
        await bounded(_abandon(producer), seconds)


async def _abandon(producer: Any) -> None:
    """End a producer that does not stop; aiokafka has no public way to."""
    log.warning("a producer did not stop and is abandoned; what it held may or may not have been written")
    # First its connections, so that it writes nothing more; then what waits for acknowledgements.
    closing = asyncio.ensure_future(producer.client.close())
    await asyncio.wait({closing}, timeout=1.0)
    producer._message_accumulator.fail_all(KafkaConnectionError("abandoned"))  # noqa: SLF001  (see above)
    sender = producer._sender.sender_task  # noqa: SLF001  (see above)
    # Each cancellation ends one of the requests that it waits for on its way out.
    while sender is not None and not sender.done():
        sender.cancel()
        await asyncio.wait({sender}, timeout=0.1)
