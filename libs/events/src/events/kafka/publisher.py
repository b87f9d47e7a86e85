"""Writes records to Kafka so that no key's order depends on what a failed producer still does.

Each partition has at most one batch under way, and the next leaves only after its acknowledgement. Whatever is
retried, expires or is abandoned, what reached the partition is a prefix of what was to be written, perhaps twice.
That holds without the idempotent producer, which aiokafka never lets expire: it would hang when brokers are away, and
one refused batch would leave a gap in its sequence that blocks the partition for good.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # it ships no types
from aiokafka.errors import (  # type: ignore[import-untyped]  # the same
    KafkaConnectionError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]  # the same
from typing_extensions import override

from events.failures import RecordRefused
from events.kafka.bounds import as_away, bounded
from events.kafka.settings import KafkaSettings
from events.transport import MAX_RECORD_BYTES, Partition, Publisher, Record

log = logging.getLogger(__name__)

_BATCH_BYTES = MAX_RECORD_BYTES
"""A batch of several records; one record alone always makes a batch, and its framing fits what brokers allow."""

_MARGIN = 5.0
"""Seconds beyond the parts' own bounds, after which a goodbye is given up as a whole."""

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
    async def open(cls, bootstrap_servers: str, settings: KafkaSettings) -> Self:
        """Connect within a bound, or raise TransportAway."""
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap_servers,
            client_id="redress",
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
    async def publish(self, records: Sequence[Record]) -> None:
        for index, record in enumerate(records):
            if record.size > MAX_RECORD_BYTES:
                raise RecordRefused(index, f"a record of {record.size} bytes is over {MAX_RECORD_BYTES}")
        with as_away("publishing"):
            queues = await self._queues(records)
            writes = [self._write(place, queue) for place, queue in queues.items()]
            # All are waited for: a write that is left behind would go on beside the next attempt.
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            refusals = [outcome for outcome in outcomes if isinstance(outcome, RecordRefused)]
            if refusals:
                raise min(refusals, key=lambda refusal: refusal.index)
            for outcome in outcomes:
                if outcome is not None:
                    raise outcome

    async def _queues(self, records: Sequence[Record]) -> dict[Partition, list[Numbered]]:
        partitions = {
            topic: sorted(await self._producer.partitions_for(topic))
            for topic in {record.topic for record in records}
        }
        queues: dict[Partition, list[Numbered]] = {}
        for index, record in enumerate(records):
            partition: int = _partition_of_key(record.key, partitions[record.topic], [])
            queues.setdefault((record.topic, partition), []).append((index, record))
        return queues

    async def _write(self, place: Partition, queue: Sequence[Numbered]) -> None:
        """Write one partition's records, batch after batch; a batch that is too large is split until one is."""
        most = len(queue)
        while queue:
            batch, count = self._pack(queue[:most])
            try:
                await self._send(place, batch)
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                # The broker measures the batch, and a topic may allow less than a transport carries.
                if count == 1:
                    index, record = queue[0]
                    reason = f"the topic {record.topic} takes no record of {record.size} bytes: raise max.message.bytes"
                    raise RecordRefused(index, reason) from error
                most = count // 2
            else:
                queue = queue[count:]

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
