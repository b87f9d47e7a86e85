"""Attachments as rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.idempotency import KeyUse, remember
from intake.db.complaints import find_id
from intake.db.rows import trace_values
from intake.db.tables import attached_file
from intake.domain.attached_file import AttachedFile, FileState, NoSuchFile, UploadGivenUp
from intake.domain.trail import Trace
from intake.usecases.ports import RequestKey

_SHOWN: Final = tuple(state.value for state in FileState)
"""A reservation is no attachment yet, and nobody sees it."""

_RESERVE: Final = sa.text("""
INSERT INTO attached_file (id, complaint_id, state, begun_at)
VALUES (CAST(:id AS uuid), CAST(:complaint_id AS uuid), 'reserved', CAST(:now AS timestamptz))
""")
_GIVE_UP: Final = sa.text("""
WITH given_up AS (
    UPDATE attached_file SET state = 'given_up' WHERE id = CAST(:id AS uuid) AND state IN ('reserved', 'given_up')
    RETURNING id
)
SELECT EXISTS (SELECT FROM given_up)
    OR NOT EXISTS (SELECT FROM attached_file WHERE id = CAST(:id AS uuid)) AS over
""")
_FORGET: Final = sa.text("DELETE FROM attached_file WHERE id = CAST(:id AS uuid) AND state = 'given_up'")
_ABANDONED: Final = sa.text("""
SELECT id FROM attached_file
 WHERE state = 'given_up' OR (state = 'reserved' AND begun_at < CAST(:before AS timestamptz))
 ORDER BY begun_at LIMIT :rows
""")
_DOOMED: Final = sa.text("""
SELECT id FROM attached_file WHERE state = 'deleted' AND removed_at IS NULL ORDER BY deleted_at LIMIT :rows
""")
_REMOVED: Final = sa.text("""
UPDATE attached_file SET removed_at = CAST(:now AS timestamptz)
 WHERE id = CAST(:id AS uuid) AND state = 'deleted' AND removed_at IS NULL
""")
_SETTLE: Final = sa.text("""
UPDATE attached_file
   SET state = 'stored', name = :name, media_type = :media_type, size = CAST(:size AS bigint), sha256 = :sha256,
       uploaded_by = :uploaded_by, uploaded_at = CAST(:uploaded_at AS timestamptz)
 WHERE id = CAST(:id AS uuid) AND state = 'reserved'
RETURNING id
""").bindparams(sa.bindparam("sha256", type_=sa.LargeBinary))
_DELETE: Final = sa.text("""
UPDATE attached_file
   SET state = 'deleted', deleted_by = :deleted_by, deleted_at = CAST(:deleted_at AS timestamptz),
       deletion_reason = :deletion_reason
 WHERE id = CAST(:id AS uuid)
""")
# Whoever follows complaints by their last change is to see this one too; its version is that of its own account.
_NOTE: Final = sa.text("""
WITH noted AS (
    UPDATE complaint SET updated_at = CAST(:at AS timestamptz) WHERE id = CAST(:complaint_id AS uuid) RETURNING id
)
INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, withheld, previous, hash)
SELECT id, CAST(:position AS integer), CAST(:at AS timestamptz), :actor, :action, CAST(:changes AS jsonb), :reason,
       CAST(:withheld AS jsonb), :previous, :hash
  FROM noted
""")


class PostgresFileRows:
    """The attachments of complaints inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, key: RequestKey, file_id: UUID, status: int, *, at: datetime) -> UUID | None:
        """Claim an Idempotency-Key before the effect, or give the attachment of its first use."""
        use = KeyUse(key.actor, key.method, key.route, key.key, key.fingerprint)
        found = await remember(self._connection, use, resource_id=str(file_id), status=status, at=at)
        return None if found is None else UUID(found.resource_id)

    async def find(self, complaint_id: UUID, file_id: UUID) -> AttachedFile:
        """Read one; raises NoSuchFile."""
        return await _find(self._connection, complaint_id, file_id)

    async def same(self, complaint_id: UUID, sha256: str) -> AttachedFile | None:
        """Find the stored one with the same content."""
        query = sa.select(attached_file).where(
            attached_file.c.complaint_id == complaint_id,
            attached_file.c.sha256 == bytes.fromhex(sha256),
            attached_file.c.state == FileState.STORED.value,
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else file_of(row)

    async def count(self, complaint_id: UUID) -> int:
        """Count the stored ones."""
        query = sa.select(sa.func.count()).where(
            attached_file.c.complaint_id == complaint_id, attached_file.c.state == FileState.STORED.value
        )
        return (await self._connection.execute(query)).scalar_one()

    async def settle(self, file: AttachedFile, trace: Trace) -> None:
        """Make a reserved one a stored one and continue the history; raises UploadGivenUp where it was swept away."""
        values = {
            "id": file.id,
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": bytes.fromhex(file.sha256),
            "uploaded_by": file.uploaded_by,
            "uploaded_at": file.uploaded_at,
        }
        if (await self._connection.execute(_SETTLE, values)).first() is None:
            raise UploadGivenUp
        await self._note(file.complaint_id, trace)

    async def delete(self, file: AttachedFile, trace: Trace) -> None:
        """Mark one as deleted and continue the history."""
        values = {
            "id": file.id,
            "deleted_by": file.deleted_by,
            "deleted_at": file.deleted_at,
            "deletion_reason": file.deletion_reason,
        }
        await self._connection.execute(_DELETE, values)
        await self._note(file.complaint_id, trace)

    async def _note(self, complaint_id: UUID, trace: Trace) -> None:
        await self._connection.execute(_NOTE, trace_values(trace) | {"complaint_id": complaint_id})


class PostgresFiles:
    """The `Files` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def reserve(self, file_id: UUID, reference: str, *, within: str | None, now: datetime) -> None:
        """Note that content will come under this id, so that a crash leaves a trace; raises NoSuchComplaint."""
        async with self._engine.begin() as connection:
            complaint_id = await find_id(connection, reference, within)
            await connection.execute(_RESERVE, {"id": file_id, "complaint_id": complaint_id, "now": now})

    async def give_up(self, file_id: UUID) -> bool:
        """End a reservation before its content is removed; False where it became an attachment."""
        async with self._engine.begin() as connection:
            return bool((await connection.execute(_GIVE_UP, {"id": file_id})).scalar_one())

    async def forget(self, file_id: UUID) -> None:
        """Forget a reservation that was given up, since its content is removed."""
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET, {"id": file_id})

    async def list(
        self, reference: str, *, within: str | None, deleted: bool = False
    ) -> Sequence[AttachedFile]:
        """List a complaint's attachments, first to last, those whose content is gone on wish; raises NoSuchComplaint."""
        states = _SHOWN if deleted else (FileState.STORED.value,)
        async with self._engine.connect() as connection:
            complaint_id = await find_id(connection, reference, within)
            query = (
                sa.select(attached_file)
                .where(attached_file.c.complaint_id == complaint_id, attached_file.c.state.in_(states))
                .order_by(attached_file.c.uploaded_at, attached_file.c.id)
            )
            return [file_of(row) for row in await connection.execute(query)]

    async def find(self, reference: str, file_id: UUID, *, within: str | None) -> AttachedFile:
        """Read one; raises NoSuchComplaint and NoSuchFile."""
        async with self._engine.connect() as connection:
            return await _find(connection, await find_id(connection, reference, within), file_id)

    async def abandoned(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        """Name reservations that were given up, or were made before an instant and came to nothing."""
        async with self._engine.connect() as connection:
            return list((await connection.execute(_ABANDONED, {"before": before, "rows": limit})).scalars())

    async def doomed(self, *, limit: int) -> Sequence[UUID]:
        """Name deleted attachments whose content is still there."""
        async with self._engine.connect() as connection:
            return list((await connection.execute(_DOOMED, {"rows": limit})).scalars())

    async def removed(self, file_id: UUID, *, now: datetime) -> None:
        """Note that the content of a deleted one is gone."""
        async with self._engine.begin() as connection:
            await connection.execute(_REMOVED, {"id": file_id, "now": now})


def file_of(row: Any) -> AttachedFile:
    """Read an attachment from its row."""
    return AttachedFile(
        id=row.id,
        complaint_id=row.complaint_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256="" if row.sha256 is None else bytes(row.sha256).hex(),
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        state=FileState(row.state),
        deleted_by=row.deleted_by,
        deleted_at=row.deleted_at,
        deletion_reason=row.deletion_reason,
        removed_at=row.removed_at,
    )


async def _find(connection: AsyncConnection, complaint_id: UUID, file_id: UUID) -> AttachedFile:
    query = sa.select(attached_file).where(
        attached_file.c.id == file_id,
        attached_file.c.complaint_id == complaint_id,
        attached_file.c.state.in_(_SHOWN),
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NoSuchFile
    return file_of(row)
