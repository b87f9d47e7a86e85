"""Lends a client that asks and administers brokers."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped] # it ships no types


@contextlib.asynccontextmanager
async def admin_of(bootstrap: str) -> AsyncIterator[Any]:
    """Lend a connected admin client, closed whatever happens."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
