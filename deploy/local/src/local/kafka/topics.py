"""Creates the topics of Redress, or others, and waits until they can be used."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import NewTopic  # type: ignore[import-untyped] # it ships no types
from aiokafka.errors import for_code  # type: ignore[import-untyped] # the same

from events.catalogue import ANNOUNCES, topic_of
from events.catalogue import topics as every_topic
from events.kafka.brokers import Brokers
from local.kafka.admin import admin_of
from local.kafka.errors import BrokerError
from local.kafka.waiting import READY_WITHIN, until

PARTITIONS = 6
"""Of each service's topic. Keys spread over them, so the number never changes once events are in."""

ALREADY_EXISTS = 36  # Kafka's error code for a topic that somebody else created meanwhile


def redress_topics() -> dict[str, int]:
    """Every topic of Redress and its number of partitions: one a service, and each group's dead letters."""
    announced = {topic_of(service) for service in ANNOUNCES}
    return {topic: PARTITIONS if topic in announced else 1 for topic in every_topic()}


async def ensure_topics(
    brokers: Brokers | str,
    topics: Mapping[str, int],
    replication: int | None = None,
    configs: Mapping[str, str] | None = None,
) -> list[str]:
    """Create the topics that are absent, wait until every partition has a leader, and say which are new.

    A bare address reaches brokers that ask for nothing. Without a replication each topic has a copy on every broker, up to three; configs apply to each new topic. Raises BrokerError when
    a topic exists with another number of partitions (events of one key would be split) or cannot be created.
    """
    async with admin_of(Brokers(brokers) if isinstance(brokers, str) else brokers) as admin:
        known = await admin.list_topics()
        copies = replication or min(3, len((await admin.describe_cluster())["brokers"]))
        absent = sorted(set(topics) - set(known))
        wanted = [NewTopic(name, topics[name], copies, topic_configs=dict(configs or {})) for name in absent]
        created = await _create(admin, wanted) if wanted else []

        async def led() -> bool:
            return _all_led(await admin.describe_topics(list(topics)), topics)

        if not await until(led, READY_WITHIN):
            raise BrokerError(
                f"not every partition has a leader after {READY_WITHIN:.0f} s: {', '.join(topics)}"
            )
        return created


async def _create(admin: Any, wanted: Sequence[NewTopic]) -> list[str]:
    """Create the topics; one that another process created meanwhile is as good, and is not named."""
    response = await admin.create_topics(wanted)
    created = []
    for name, code, *message in response.topic_errors:
        if code not in {0, ALREADY_EXISTS}:
            raise BrokerError(f"topic {name} could not be created: {for_code(code).__name__} {message}")
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
            raise BrokerError(f"topic {name} has {len(found)} partitions, not {topics[name]}")
        if any(partition["error_code"] != 0 or partition["leader"] < 0 for partition in found):
            return False
    return True
