"""Events to send about, and databases that delivery can work on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from common.ids import new_id
from events.contracts.intake import ComplaintReceivedV1
from events.contracts.words import Severity
from events.envelope import Event
from events.postgres import schema
from events.postgres.log_tables import METADATA

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

Received = Event[ComplaintReceivedV1]


def a_complaint_received(key: str = "k-1", version: int = 1, **changes: Any) -> Received:
    """A complete event, told under `key`."""
    complaint_id = new_id()
    fields: dict[str, Any] = {
        "id": new_id(),
        "source": "/redress/intake",
        "key": key,
        "subject": str(complaint_id),
        "version": version,
        "occurred_at": NOON,
        "recorded_at": NOON,
        "actor": "system:crm",
        "correlation_id": UUID(int=7),
        "data": ComplaintReceivedV1(
            complaint_id=complaint_id,
            number="C-10001",
            source_system="crm",
            channel="phone",
            reported_severity=Severity.MAJOR,
            product="loans",
            category="fees",
            aware_at=NOON,
            received_at=NOON,
        ),
    }
    return Received.model_validate(fields | changes)


def engine_of(url: str, **options: Any) -> AsyncEngine:
    """An engine on a plain URL."""
    return create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), **options)


async def make_delivery_tables(engine: AsyncEngine) -> None:
    """Make what each service's first revision makes."""

    def create(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            schema.create_1()

    async with engine.begin() as connection:
        await connection.run_sync(create)


async def make_log_tables(engine: AsyncEngine) -> None:
    """Make the embedded log's tables."""
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
