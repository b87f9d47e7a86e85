"""Builds the transport that a deployment has chosen."""

from typing import Literal, assert_never

from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from events.transport import Transport


def open_transport(
    kind: Literal["embedded", "kafka"],
    *,
    log_engine: AsyncEngine | None,
    bootstrap_servers: str,
    clock: Clock,
) -> Transport:
    """Build the transport; nothing is connected yet, so that a service starts while its broker is away.

    `log_engine` reaches the embedded log's database and is needed for that kind alone; it needs 6 connections.
    """
    match kind:
        case "embedded":
            from events.postgres.log import LogTransport

            if log_engine is None:
                raise ValueError(
                    "the embedded transport needs the log's database: set REDRESS_LOG_DATABASE_URL"
                )
            return LogTransport(log_engine, clock)
        case "kafka":
            from events.kafka.transport import KafkaTransport

            return KafkaTransport(bootstrap_servers)
        case never:
            assert_never(never)
