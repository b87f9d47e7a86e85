"""Lends a client that asks and administers brokers."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped] # it ships no types

from events.kafka.brokers import Brokers


@contextlib.asynccontextmanager
async def admin_of(brokers: Brokers) -> AsyncIterator[Any]:
    """Lend a connected admin client, closed whatever happens."""
    admin = AIOKafkaAdminClient(**brokers.arguments(), request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
