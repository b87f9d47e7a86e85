"""Imports and their rows: staged, leased, recorded."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.actor import Actor
from common.refusals import FieldError
from intake.db.rows import json_text
from intake.db.tables import import_job, import_row
from intake.domain.importing import (
    Import,
    ImportOrder,
    ImportState,
    MediaType,
    NoSuchImport,
    OnError,
    RowOutcome,
    RowResult,
    StagedRow,
)

_RESULTS_AT_ONCE: Final = 1_000
_ROWS_AT_ONCE: Final = 5_000

_STAGE: Final = sa.text("""
WITH kept AS (
    INSERT INTO import_row (import_id, row_number, raw, errors)
    SELECT CAST(:id AS uuid), row_number, raw, CAST(errors AS jsonb)
      FROM unnest(CAST(:numbers AS bigint[]), CAST(:raws AS text[]), CAST(:errors AS text[]))
           AS given (row_number, raw, errors)
    RETURNING 1
)
UPDATE import_job SET rows = rows + (SELECT count(*) FROM kept), updated_at = CAST(:now AS timestamptz)
 WHERE id = CAST(:id AS uuid) AND state = 'receiving'
RETURNING 1
""")
_QUEUE: Final = sa.text("""
UPDATE import_job SET state = 'queued', updated_at = CAST(:now AS timestamptz)
 WHERE id = CAST(:id AS uuid) AND state = 'receiving'
""")
_GIVE_UP: Final = sa.text("""
UPDATE import_job SET state = 'failed', detail = :detail, rows = 0, updated_at = CAST(:now AS timestamptz),
       finished_at = CAST(:now AS timestamptz)
 WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'receiving'
""")
_TAKE: Final = sa.text("""
UPDATE import_job SET state = 'running', lease_token = CAST(:token AS uuid),
       lease_until = CAST(:until AS timestamptz), updated_at = CAST(:now AS timestamptz)
 WHERE id = (
     SELECT id FROM import_job
      WHERE state IN ('queued', 'running')
        AND (lease_token = CAST(:token AS uuid) OR lease_until IS NULL OR lease_until < CAST(:now AS timestamptz))
      ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
 )
RETURNING *
""")
_WAITING: Final = sa.text("""
SELECT row_number, raw, errors FROM import_row
 WHERE import_id = CAST(:id AS uuid) AND outcome IS NULL AND row_number > :after ORDER BY row_number LIMIT :rows
""").columns(errors=import_row.c.errors.type)
_HOLD: Final = sa.text("""
UPDATE import_job SET lease_until = CAST(:until AS timestamptz)
 WHERE id = CAST(:id AS uuid) AND lease_token = CAST(:token AS uuid) AND state = 'running'
RETURNING 1
""")
_EARLIER: Final = sa.text("""
SELECT DISTINCT ON (external_id) external_id, digest FROM import_row
 WHERE import_id = CAST(:id AS uuid) AND external_id = ANY(CAST(:names AS text[])) AND row_number < :before
   AND digest IS NOT NULL
 ORDER BY external_id, row_number DESC
""")
_RECORD: Final = sa.text("""
WITH given AS (
    SELECT * FROM unnest(
        CAST(:numbers AS bigint[]), CAST(:names AS text[]), CAST(:outcomes AS text[]), CAST(:complaints AS text[]),
        CAST(:errors AS text[]), CAST(:digests AS bytea[])
    ) AS given (row_number, external_id, outcome, complaint_number, errors, digest)
), done AS (
    UPDATE import_row kept
       SET raw = NULL, external_id = given.external_id, outcome = given.outcome,
           complaint_number = given.complaint_number, errors = CAST(given.errors AS jsonb), digest = given.digest
      FROM given
     WHERE kept.import_id = CAST(:id AS uuid) AND kept.row_number = given.row_number AND kept.outcome IS NULL
    RETURNING kept.outcome
)
UPDATE import_job
   SET created = created + (SELECT count(*) FROM done WHERE outcome = 'created'),
       unchanged = unchanged + (SELECT count(*) FROM done WHERE outcome = 'unchanged'),
       amended = amended + (SELECT count(*) FROM done WHERE outcome = 'amended'),
       rejected = rejected + (SELECT count(*) FROM done WHERE outcome = 'rejected'),
       updated_at = CAST(:now AS timestamptz)
 WHERE id = CAST(:id AS uuid)
""")
_END: Final = sa.text("""
UPDATE import_job SET state = :state, detail = :detail, lease_token = NULL, lease_until = NULL,
       updated_at = CAST(:now AS timestamptz), finished_at = CAST(:now AS timestamptz)
 WHERE id = CAST(:id AS uuid)
""")
# A file may have millions of rows, so that they go in bounded batches.
_DROP_ROWS: Final = sa.text("""
DELETE FROM import_row WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM import_row WHERE import_id = CAST(:id AS uuid) LIMIT :rows
))
""")
_EMPTY_ROWS: Final = sa.text("""
UPDATE import_row SET raw = NULL WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM import_row
     WHERE import_id = CAST(:id AS uuid) AND outcome IS NULL AND raw IS NOT NULL LIMIT :rows
))
""")
_SILENT: Final = sa.text("""
SELECT id FROM import_job WHERE state = 'receiving' AND updated_at < CAST(:before AS timestamptz)
   FOR UPDATE SKIP LOCKED
""")
_ENDED: Final = sa.text("""
SELECT id, state FROM import_job WHERE finished_at >= CAST(:since AS timestamptz) AND state <> 'finished'
""")
_OLD: Final = sa.text("SELECT id FROM import_job WHERE finished_at < CAST(:before AS timestamptz)")
_FORGET: Final = sa.text("DELETE FROM import_job WHERE id = CAST(:id AS uuid)")


class PostgresImports:
    """The `Imports` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def open(self, order: ImportOrder) -> None:
        """Begin an import that is still being received."""
        values = {
            "id": order.id,
            "state": ImportState.RECEIVING.value,
            "media_type": order.media_type,
            "profile": order.profile,
            "source_system": order.source_system,
            "own_source": order.own_source,
            "actor": str(order.actor),
            "dry_run": order.dry_run,
            "historical": order.historical,
            "on_error": order.on_error,
            "detail": "",
            "created_at": order.created_at,
            "updated_at": order.created_at,
            **dict.fromkeys(("rows", *RowOutcome), 0),
        }
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(import_job), values)

    async def stage(self, import_id: UUID, rows: Sequence[StagedRow], *, now: datetime) -> None:
        """Keep further rows; raises NoSuchImport where the import was given up meanwhile."""
        values = {
            "id": import_id,
            "numbers": [row.number for row in rows],
            "raws": [row.raw for row in rows],
            "errors": [json_text([_error(row.error)] if row.error else []) for row in rows],
            "now": now,
        }
        async with self._engine.begin() as connection:
            if (await connection.execute(_STAGE, values)).first() is None:
                raise NoSuchImport

    async def queue(self, import_id: UUID, *, now: datetime) -> None:
        """Say that every row is there."""
        async with self._engine.begin() as connection:
            await connection.execute(_QUEUE, {"id": import_id, "now": now})

    async def give_up(self, import_id: UUID, *, detail: str, now: datetime) -> None:
        """Forget the rows of an import that could not be received, and say why."""
        async with self._engine.begin() as connection:
            await connection.execute(_GIVE_UP, {"ids": [import_id], "detail": detail, "now": now})
        await self._in_batches(_DROP_ROWS, import_id)

    async def find(self, import_id: UUID, *, within: str | None = None) -> Import:
        """Read one, of one source system alone where it is named; raises NoSuchImport."""
        query = sa.select(import_job).where(import_job.c.id == import_id)
        if within is not None:
            query = query.where(import_job.c.own_source == within)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NoSuchImport
        return _import(row)

    async def results(
        self, import_id: UUID, *, outcomes: Sequence[RowOutcome] = ()
    ) -> AsyncIterator[Sequence[RowResult]]:
        """Read what came of the rows, batch by batch, of some outcomes alone where they are named."""
        query = sa.select(import_row).where(import_row.c.import_id == import_id)
        if outcomes:
            query = query.where(import_row.c.outcome.in_([outcome.value for outcome in outcomes]))
        query, after = query.order_by(import_row.c.row_number).limit(_RESULTS_AT_ONCE), 0
        while True:
            # A slow reader must not keep a connection from others, so that each batch takes one for itself.
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query.where(import_row.c.row_number > after))).all()
            if not rows:
                return
            yield [_result(row) for row in rows]
            after = rows[-1].row_number

    async def take(self, *, token: UUID, now: datetime, until: datetime) -> Import | None:
        """Lease the oldest import that waits, or whose holder fell silent; None where there is none."""
        async with self._engine.begin() as connection:
            row = (
                await connection.execute(_TAKE, {"token": token, "now": now, "until": until})
            ).one_or_none()
        return None if row is None else _import(row)

    async def waiting_rows(self, import_id: UUID, *, after: int, limit: int) -> Sequence[StagedRow]:
        """Read the next rows that have no result, of those after a row."""
        values = {"id": import_id, "after": after, "rows": limit}
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_WAITING, values)).all()
        return [
            StagedRow(row.row_number, row.raw, FieldError(**row.errors[0]) if row.errors else None)
            for row in rows
        ]

    async def abandon_silent(self, *, before: datetime, now: datetime) -> int:
        """Give up what has been received since long before and heard nothing more; tell how many."""
        async with self._engine.begin() as connection:
            ids = list((await connection.execute(_SILENT, {"before": before})).scalars())
            if ids:
                await connection.execute(
                    _GIVE_UP, {"ids": ids, "detail": "The upload broke off.", "now": now}
                )
        return len(ids)

    async def sweep(self, *, since: datetime) -> None:
        """Forget the content of rows that imports ended since an instant will not process any more."""
        async with self._engine.connect() as connection:
            ended = (await connection.execute(_ENDED, {"since": since})).all()
        for row in ended:
            failed = row.state == ImportState.FAILED.value
            await self._in_batches(_DROP_ROWS if failed else _EMPTY_ROWS, row.id)

    async def forget(self, *, before: datetime) -> int:
        """Forget imports that ended before an instant; tell how many."""
        async with self._engine.connect() as connection:
            ids = list((await connection.execute(_OLD, {"before": before})).scalars())
        for import_id in ids:
            await self._in_batches(_DROP_ROWS, import_id)
            async with self._engine.begin() as connection:
                await connection.execute(_FORGET, {"id": import_id})
        return len(ids)

    async def _in_batches(self, statement: sa.TextClause, import_id: UUID) -> None:
        while True:
            async with self._engine.begin() as connection:
                done = await connection.execute(statement, {"id": import_id, "rows": _ROWS_AT_ONCE})
            if done.rowcount < _ROWS_AT_ONCE:
                return


class PostgresImportRows:
    """The rows of an import inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, import_id: UUID, *, token: UUID, until: datetime) -> bool:
        """Lock the import and renew its lease; False where another process has taken it over."""
        held = await self._connection.execute(_HOLD, {"id": import_id, "token": token, "until": until})
        return held.first() is not None

    async def earlier(
        self, import_id: UUID, external_ids: Sequence[str], *, before: int
    ) -> Mapping[str, bytes]:
        """Give what rows before one told under these ids and were not rejected for, the latest of each, as digests."""
        values = {"id": import_id, "names": list(external_ids), "before": before}
        rows = await self._connection.execute(_EARLIER, values)
        return {row.external_id: bytes(row.digest) for row in rows}

    async def record(self, import_id: UUID, results: Sequence[RowResult], *, now: datetime) -> None:
        """Write what came of rows, forget their content, and count them."""
        values = {
            "id": import_id,
            "numbers": [result.number for result in results],
            "names": [result.external_id for result in results],
            "outcomes": [result.outcome.value if result.outcome else None for result in results],
            "complaints": [result.complaint_number for result in results],
            "errors": [json_text([dict(error) for error in result.errors]) for result in results],
            "digests": [result.digest for result in results],
            "now": now,
        }
        await self._connection.execute(_RECORD, values)

    async def end(self, import_id: UUID, state: ImportState, *, detail: str, now: datetime) -> None:
        """End the import."""
        await self._connection.execute(
            _END, {"id": import_id, "state": state.value, "detail": detail, "now": now}
        )


def _error(error: FieldError) -> dict[str, str]:
    return {"pointer": error.pointer, "code": error.code, "detail": error.detail, "fix": error.fix}


def _import(row: Any) -> Import:
    return Import(
        order=ImportOrder(
            id=row.id,
            media_type=cast("MediaType", row.media_type),
            profile=row.profile,
            source_system=row.source_system,
            own_source=row.own_source,
            actor=Actor.parse(row.actor),
            dry_run=row.dry_run,
            historical=row.historical,
            on_error=cast("OnError", row.on_error),
            created_at=row.created_at,
        ),
        state=ImportState(row.state),
        rows=row.rows,
        counts={outcome: getattr(row, outcome.value) for outcome in RowOutcome},
        detail=row.detail,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )


def _result(row: Any) -> RowResult:
    return RowResult(
        number=row.row_number,
        external_id=row.external_id,
        outcome=None if row.outcome is None else RowOutcome(row.outcome),
        complaint_number=row.complaint_number,
        errors=tuple(row.errors),
    )
