"""The command line of Kafka on this machine."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from aiokafka.errors import KafkaError  # type: ignore[import-untyped] # it ships no types

from events.failures import DeliveryFailure
from events.kafka.topics import ensure_topics, redress_topics
from local.kafka.broker import Broker
from local.kafka.errors import BrokerError, PortBusyError, ToolsMissingError
from local.kafka.installer import install
from local.kafka.jars import cache_folder, kafka_version
from local.kafka.ports import HOST

DEFAULT_PORT = 9092
DEFAULT_FOLDER = Path(".redress/kafka")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when done, 1 when Kafka failed, 2 when the port or a tool stands in the way, 3 when down."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_COMMANDS[options.command](options))
    except (ToolsMissingError, PortBusyError) as error:
        print(error, file=sys.stderr)
        return 2
    except (BrokerError, DeliveryFailure, KafkaError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.kafka", description="A Kafka broker on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="fetch the broker's jars into the cache")
    for name, says in (
        ("start", "start the broker, or find it running"),
        ("stop", "stop the broker; its data stays"),
        ("status", "say whether it runs, where, and where its data lies"),
    ):
        command = commands.add_parser(name, help=says)
        command.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="default: %(default)s")
        if name == "start":
            command.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    topics = commands.add_parser("topics", help="create the topics of Redress that are absent")
    topics.add_argument(
        "--bootstrap", default=f"{HOST}:{DEFAULT_PORT}", help="host:port, default: %(default)s"
    )
    topics.add_argument(
        "--replication", type=int, help="copies of each record, default: one on every broker, up to three"
    )
    return parser


async def _run_install(_: argparse.Namespace) -> int:
    installation = await install()
    print(f"Kafka {kafka_version()}: {len(installation.jars)} jars in {cache_folder()}")
    return 0


async def _run_start(options: argparse.Namespace) -> int:
    broker = Broker(options.folder, options.port)
    was = broker.pid()
    if was is None:
        first = "" if (cache_folder() / "libs").is_dir() else "; this first time its jars are fetched"
        print(f"Starting Kafka {kafka_version()}{first}.", flush=True)
    await broker.start()
    print(f"Kafka {'runs already' if was else 'answers'} on {broker.bootstrap_servers} (pid {broker.pid()}).")
    print(f"Data and log: {broker.log().parent}")
    return 0


async def _run_stop(options: argparse.Namespace) -> int:
    broker = Broker(options.folder)
    if broker.pid() is None:
        print("Kafka is not running.")
        return 0
    await broker.stop()
    print("Kafka has stopped; its data stays.")
    return 0


async def _run_status(options: argparse.Namespace) -> int:
    broker = Broker(options.folder)
    if broker.pid() is None:
        print("Kafka is not running.")
        return 3
    print(f"Kafka runs on {broker.bootstrap_servers} (pid {broker.pid()}).")
    print(f"Data and log: {broker.log().parent}")
    return 0


async def _run_topics(options: argparse.Namespace) -> int:
    topics = redress_topics()
    created = await ensure_topics(options.bootstrap, topics, options.replication)
    for name, partitions in topics.items():
        print(f"{'created' if name in created else 'there   '} {name} ({partitions} partitions)")
    return 0


_COMMANDS = {
    "install": _run_install,
    "start": _run_start,
    "stop": _run_stop,
    "status": _run_status,
    "topics": _run_topics,
}


if __name__ == "__main__":
    sys.exit(main())
