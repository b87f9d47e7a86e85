"""Idempotency keys inside a transaction of intake."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.idempotency import KeyUse, remember
from intake.usecases.ports import Repeated, RequestKey


async def claim_key(
    connection: AsyncConnection, key: RequestKey, complaint_id: UUID, status: int, *, at: datetime
) -> Repeated | None:
    """Claim a key for a complaint; Repeated where it was used before. Raises KeyReused and KeyInUse."""
    use = KeyUse(key.actor, key.method, key.route, key.key, key.fingerprint)
    found = await remember(connection, use, resource_id=str(complaint_id), status=status, at=at)
    return None if found is None else Repeated(UUID(found.resource_id), found.status)
