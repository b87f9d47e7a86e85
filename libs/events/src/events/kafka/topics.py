"""Creates the topics of Redress, or others, and waits until they can be used."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka.admin import NewTopic  # type: ignore[import-untyped] # it ships no types
from aiokafka.errors import for_code  # type: ignore[import-untyped] # the same

from events.catalogue import ANNOUNCES, topic_of
from events.catalogue import topics as every_topic
from events.failures import DeliveryFailure
from events.kafka.admin import admin_of
from events.kafka.brokers import Brokers
from events.kafka.settings import PARTITIONS

ALREADY_EXISTS: Final = 36  # Kafka's error code for a topic that somebody else created meanwhile
_LED_WITHIN: Final = 60.0
_PAUSE: Final = 0.05


class TopicRefused(DeliveryFailure):
    """A topic cannot be made or used as it should be; the sentence names it and says why."""


def redress_topics(partitions: int = PARTITIONS) -> dict[str, int]:
    """Every topic of Redress and its number of partitions: one a service, and each group's dead letters."""
    announced = {topic_of(service) for service in ANNOUNCES}
    return {topic: partitions if topic in announced else 1 for topic in every_topic()}


async def ensure_topics(
    brokers: Brokers | str,
    topics: Mapping[str, int],
    replication: int | None = None,
    configs: Mapping[str, str] | None = None,
) -> list[str]:
    """Create the topics that are absent, wait until every partition has a leader, and say which are new.

    A bare address reaches brokers that ask for nothing. Without a replication each topic has a copy on every broker, up
    to three; configs apply to each new topic. Raises TopicRefused when a topic exists with another number of partitions
    (events of one key would be split) or cannot be created, and aiokafka's KafkaError when no broker answers.
    """
    async with admin_of(Brokers(brokers) if isinstance(brokers, str) else brokers) as admin:
        known = await admin.list_topics()
        copies = replication or min(3, len((await admin.describe_cluster())["brokers"]))
        absent = sorted(set(topics) - set(known))
        wanted = [NewTopic(name, topics[name], copies, topic_configs=dict(configs or {})) for name in absent]
        created = await _create(admin, wanted) if wanted else []

        async def led() -> bool:
            return _all_led(await admin.describe_topics(list(topics)), topics)

        if not await _until(led, _LED_WITHIN):
            raise TopicRefused(
                f"not every partition has a leader after {_LED_WITHIN:.0f} s: {', '.join(topics)}"
            )
        return created


async def _until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Ask again and again until the condition holds; False when it does not within the bound."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_PAUSE)
    return True


async def _create(admin: Any, wanted: Sequence[NewTopic]) -> list[str]:
    """Create the topics; one that another process created meanwhile is as good, and is not named."""
    response = await admin.create_topics(wanted)
    created = []
    for name, code, *message in response.topic_errors:
        if code not in {0, ALREADY_EXISTS}:
            raise TopicRefused(f"topic {name} could not be created: {for_code(code).__name__} {message}")
        if code == 0:
            created.append(name)
    return created


def _all_led(described: Sequence[Mapping[str, Any]], topics: Mapping[str, int]) -> bool:
    """Whether each topic is known with all its partitions led; refuses one of another size."""
    for topic in described:
        name, found = topic["topic"], topic["partitions"]
        if topic["error_code"] != 0:
            return False
        if len(found) != topics[name]:
            raise TopicRefused(f"topic {name} has {len(found)} partitions, not {topics[name]}")
        if any(partition["error_code"] != 0 or partition["leader"] < 0 for partition in found):
            return False
    return True
