"""One member of a consumer group: joins, takes records, keeps positions, leaves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from aiokafka import (  # type: ignore[import-untyped]  # it ships no types
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import CommitFailedError, IllegalStateError  # type: ignore[import-untyped]  # the same

from events.failures import TransportAway
from events.kafka.bounds import as_away, bounded
from events.kafka.brokers import Brokers
from events.kafka.commits import GenerationLost
from events.kafka.settings import KafkaSettings
from events.transport import Partition, Received, Record

log = logging.getLogger(__name__)

_POLL_MS = 1_000
_FETCH_WAIT_MS = 100
"""A partition that was read empty waits for the others' fetch from the same broker, so that fetch must be short."""
_RETRY_MS = 500
_METADATA_AGE_MS = 60_000
_MARGIN = 5.0
"""Seconds beyond the parts' own bounds, after which a goodbye is given up as a whole."""
_NEVER_MS = 2**31 - 1
"""Milliseconds, for the client's own limit between polls: a handler may wait for its database without limit."""


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What a member does when its partitions go, and when new ones come."""

    revoked: Callable[[], Awaitable[None]]
    assigned: Callable[[Sequence[Partition]], Awaitable[None]]
    failed: Callable[[BaseException], None]


class Membership:
    """A consumer in its group."""

    def __init__(self, consumer: Any, settings: KafkaSettings) -> None:
        self._consumer = consumer
        self._settings = settings

    @classmethod
    async def join(
        cls,
        brokers: Brokers,
        topics: Sequence[str],
        group: str,
        *,
        settings: KafkaSettings,
        rebalance: Rebalance,
    ) -> Self:
        """Connect within a bound and ask to be a member; raises TransportAway.

        Partitions come later, through `rebalance`.
        """
        with as_away("joining"):
            consumer = AIOKafkaConsumer(
                **brokers.arguments(),
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=int(settings.session * 1000),
                heartbeat_interval_ms=int(settings.heartbeat * 1000),
                rebalance_timeout_ms=int(settings.rebalance * 1000),
                max_poll_interval_ms=_NEVER_MS,
                request_timeout_ms=int(settings.request * 1000),
                retry_backoff_ms=_RETRY_MS,
                metadata_max_age_ms=_METADATA_AGE_MS,
                fetch_max_wait_ms=_FETCH_WAIT_MS,
            )
        member = cls(consumer, settings)
        try:
            with as_away("joining"):
                async with asyncio.timeout(settings.start):
                    await consumer.start()
                    known = await consumer.topics()
            _need_all(topics, known)
            consumer.subscribe(list(topics), listener=_Listener(rebalance))
        except BaseException:
            await member.leave()
            raise
        return member

    async def take(self, place: Partition) -> Sequence[Received]:
        """Wait a little while for records of one partition; raises TransportAway."""
        wanted = TopicPartition(*place)
        with as_away("reading"):
            found = await self._consumer.getmany(
                wanted, timeout_ms=_POLL_MS, max_records=self._settings.batch
            )
        return [_received(record) for record in found.get(wanted, ())]

    async def kept(self, place: Partition) -> int | None:
        """Tell the position that the group has kept; None where it has none or where nothing answers in time."""
        try:
            with as_away("asking for a position"):
                async with asyncio.timeout(self._settings.commit):
                    position: int | None = await self._consumer.committed(TopicPartition(*place))
                    return position
        except TransportAway:
            return None

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Keep positions; raises GenerationLost or TransportAway, and retries what can be retried without limit."""
        offsets = {TopicPartition(*place): position for place, position in positions.items()}
        with as_away("keeping positions"):
            try:
                await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError) as error:
                raise GenerationLost from error

    def check(self) -> None:
        """Raise TransportAway where the client's own tasks have failed; they tell nobody while no records come."""
        with as_away("in the background"):
            coordinator, fetcher = self._consumer._coordinator, self._consumer._fetcher  # noqa: SLF001  (nothing public tells)
            coordinator.check_errors()
            if fetcher.error_future.done():
                raise TransportAway("Kafka's client has stopped fetching")

    async def leave(self) -> None:
        """Leave the group and let go within a bound."""
        await bounded(_end(self._consumer, self._settings.close), 3 * self._settings.close + _MARGIN)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # its base has no types
    """Passes rebalances on; the client swallows what a listener raises, so it is reported here."""

    def __init__(self, rebalance: Rebalance) -> None:
        self._rebalance = rebalance

    async def on_partitions_revoked(self, _: Any) -> None:
        try:
            await self._rebalance.revoked()
        except Exception as error:
            log.exception("partitions could not be given back in order")
            self._rebalance.failed(error)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        try:
            await self._rebalance.assigned(sorted((place.topic, place.partition) for place in assigned))
        except Exception as error:
            log.exception("partitions could not be taken over")
            self._rebalance.failed(error)


def _need_all(topics: Sequence[str], known: Collection[str]) -> None:
    """Refuse to join without a topic: the client would join all the same, and look for it again minutes later."""
    if unknown := sorted(set(topics) - set(known)):
        raise TransportAway(f"Kafka does not know the topic {unknown[0]}")


def _received(record: Any) -> Received:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Received(
        Record(record.topic, record.key or b"", headers, record.value or b""),
        record.partition,
        record.offset,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )


async def _end(consumer: Any, seconds: float) -> None:
    if not await bounded(consumer.stop(), seconds):
        await bounded(_abandon(consumer), seconds)


async def _abandon(consumer: Any) -> None:
    """End a consumer that does not stop; aiokafka has no public way to. The group frees its place by its session."""
    log.warning("a consumer did not stop and is abandoned")
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001  (see above)
    ends = [consumer._client.close()]  # noqa: SLF001  (see above)
    if fetcher is not None:
        ends.append(fetcher.close())
    if coordinator is not None:
        coordinator._coordination_task.cancel()  # noqa: SLF001  (see above)
        ends += [coordinator._stop_heartbeat_task(), coordinator._stop_commit_offsets_refresh_task()]  # noqa: SLF001  (see above)
    await asyncio.gather(*ends, return_exceptions=True)
