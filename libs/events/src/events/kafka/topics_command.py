"""What `python -m <service> topics` does: the topics of Redress, made before the first event."""

import argparse
import sys

from events.failures import DeliveryFailure
from events.kafka.brokers import Brokers, BrokerSettings
from events.kafka.settings import PARTITIONS


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add `--partitions` and `--replication` to the command's parser."""
    parser.add_argument(
        "--partitions",
        type=int,
        default=PARTITIONS,
        help="of each service's topic, never changed once events are in; default: %(default)s",
    )
    parser.add_argument(
        "--replication", type=int, help="copies of each record, default: one on every broker, up to three"
    )


async def create_topics(settings: BrokerSettings, partitions: int, replication: int | None) -> int:
    """Create every topic that is absent, with a line for each; gives 0, or 1 where Kafka refuses or does not answer."""
    # Loaded where it is used: whoever has the embedded log does without the memory of it.
    from aiokafka.errors import KafkaConnectionError, KafkaError  # type: ignore[import-untyped] # it ships no types

    from events.kafka.topics import ensure_topics, redress_topics

    topics = redress_topics(partitions)
    try:
        created = await ensure_topics(Brokers.of(settings), topics, replication)
    except KafkaConnectionError:
        sys.stderr.write(
            f"No broker answers at {settings.kafka_bootstrap_servers}: start Kafka, or correct "
            "REDRESS_KAFKA_BOOTSTRAP_SERVERS.\n"
        )
        return 1
    except (DeliveryFailure, KafkaError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, count in topics.items():
        sys.stdout.write(f"{'created' if name in created else 'there   '} {name} ({count} partitions)\n")
    return 0
