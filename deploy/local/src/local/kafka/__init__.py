"""A real Apache Kafka on this machine, without Docker: for `make kafka`, and for tests that need a broker.

Maven fetches the broker's jars once into a cache outside the clone; the brokers run in KRaft mode with small heaps
and listen on loopback only. Each node keeps its configuration, data, log and process id in a folder of its own, so
that a later process can find, stop or restart it.

    python -m local.kafka start [--port 9092] [--folder .redress/kafka]
    python -m local.kafka topics --bootstrap 127.0.0.1:9092
    python -m local.kafka status | stop | install
"""

from events.kafka.settings import PARTITIONS
from events.kafka.topics import TopicRefused, ensure_topics, redress_topics
from local.kafka.broker import Broker
from local.kafka.cluster import Cluster
from local.kafka.errors import BrokerError, PortBusyError, ToolsMissingError
from local.kafka.guard import Guard
from local.kafka.installation import Installation
from local.kafka.installer import install
from local.kafka.jars import cache_folder, kafka_version
from local.kafka.ports import HOST
from local.kafka.tools import missing_tools

__all__ = [
    "HOST",
    "PARTITIONS",
    "Broker",
    "BrokerError",
    "Cluster",
    "Guard",
    "Installation",
    "PortBusyError",
    "ToolsMissingError",
    "TopicRefused",
    "cache_folder",
    "ensure_topics",
    "install",
    "kafka_version",
    "missing_tools",
    "redress_topics",
]
