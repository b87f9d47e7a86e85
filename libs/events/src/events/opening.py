"""Builds the transport that a deployment has chosen."""

from typing import Literal, Protocol, assert_never

from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from events.failures import CannotOpen
from events.kafka.brokers import Brokers, BrokerSettings
from events.transport import Transport


class TransportSettings(BrokerSettings, Protocol):
    """What a service's settings say about the transport."""

    @property
    def transport(self) -> Literal["embedded", "kafka"]:
        """Which it is."""
        ...


def open_transport(settings: TransportSettings, *, log_engine: AsyncEngine | None, clock: Clock) -> Transport:
    """Build the transport; nothing is connected yet, so that a service starts while its broker is away.

    `log_engine` reaches the embedded log's database and is needed for that kind alone; it needs 6 connections. Raises
    CannotOpen where the settings lead nowhere.
    """
    match settings.transport:
        case "embedded":
            from events.postgres.log import LogTransport

            if log_engine is None:
                raise CannotOpen(
                    "REDRESS_LOG_DATABASE_URL is missing: set it to the embedded log's database, or set "
                    "REDRESS_TRANSPORT=kafka."
                )
            return LogTransport(log_engine, clock)
        case "kafka":
            from events.kafka.transport import KafkaTransport

            brokers = Brokers.of(settings)
            brokers.check()
            return KafkaTransport(brokers)
        case never:
            assert_never(never)
