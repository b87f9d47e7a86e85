"""Complaints inside one transaction: locked, read and written."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from common import history
from common.clock import Clock
from intake.db.inserting import insert_new
from intake.db.rows import (
    COMPLAINANT,
    PREFIX,
    complainant_values,
    complaint_of,
    complaint_values,
    entry_of,
    number_text,
    status_values,
    trace_values,
)
from intake.db.tables import complainant, complaint, complaint_history
from intake.domain.complaint import Complaint
from intake.domain.errors import NoSuchComplaint
from intake.domain.trail import Trace
from intake.usecases.ports import Chronicled, Draft, Identity, Kept, Mark

_NUMBER: Final = re.compile(rf"{PREFIX}([0-9]{{1,18}})")
_FIXED: Final = {
    "id",
    "source_system",
    "external_id",
    "recorded_at",
    "historical",
    "correlation_id",
    "attachments",
    "awaits_triage",
    "erased_at",
}
_UPDATED: Final = [
    column.name
    for column in complaint.c
    if column.name not in _FIXED | {"number", "version", "source_digest"}
]

PERSON_COLUMNS: Final = [complainant.c[name].label(f"person_{name}") for name in COMPLAINANT]
WHOLE: Final = (
    *complaint.c,
    *PERSON_COLUMNS,
    complainant.c.complaint_id.is_not(None).label("has_complainant"),
)
"""Every column that `complaint_of` reads."""

WITH_COMPLAINANT: Final = complaint.outerjoin(complainant, complainant.c.complaint_id == complaint.c.id)

_LOCK_IDENTITY: Final = sa.text("""
SELECT id FROM complaint WHERE source_system = :source_system AND external_id = :external_id FOR UPDATE
""")
_LOCK_NUMBER: Final = sa.text("SELECT id, source_system FROM complaint WHERE number = :number FOR UPDATE")
_LOCK_ID: Final = sa.text("SELECT id, source_system FROM complaint WHERE id = :id FOR UPDATE")
_LAST: Final = (
    sa.select(complaint_history)
    .where(complaint_history.c.complaint_id == sa.bindparam("id"))
    .order_by(complaint_history.c.position.desc())
    .limit(1)
)
# Two statements, for the reason that `_kept` gives; and others may read meanwhile, but not change.
_HOLD_PAGE: Final = sa.text("""
SELECT id FROM complaint
 WHERE (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
   AND (CAST(:since AS timestamptz) IS NULL OR updated_at >= CAST(:since AS timestamptz))
 ORDER BY id LIMIT :rows FOR SHARE
""")
_WHOLE_PAGE: Final = (
    sa.select(*WHOLE)
    .select_from(WITH_COMPLAINANT)
    .where(complaint.c.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))))
    .order_by(complaint.c.id)
)
_HISTORIES: Final = (
    sa.select(complaint_history)
    .where(complaint_history.c.complaint_id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))))
    .order_by(complaint_history.c.complaint_id, complaint_history.c.position)
)
_WHOLE: Final = sa.select(*WHOLE).select_from(WITH_COMPLAINANT).where(complaint.c.id == sa.bindparam("id"))

_SAVE: Final = sa.text(f"""
WITH saved AS (
    UPDATE complaint SET {", ".join(f"{name} = :{name}" for name in _UPDATED)}, version = :version,
           source_digest = :source_digest, attachments = CAST(:attachments AS jsonb)
     WHERE id = :id AND version = CAST(:version AS integer) - 1
    RETURNING id
), gone AS (
    DELETE FROM complainant WHERE NOT :named AND complaint_id = (SELECT id FROM saved)
), person AS (
    INSERT INTO complainant (complaint_id, {", ".join(COMPLAINANT)})
    SELECT id, {", ".join(f":person_{name}" for name in COMPLAINANT)} FROM saved WHERE :named
    ON CONFLICT (complaint_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COMPLAINANT)}
)
INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, withheld, previous, hash)
SELECT id, :position, :at, :actor, :action, CAST(:changes AS jsonb), :reason, CAST(:withheld AS jsonb), :previous, :hash
  FROM saved
RETURNING 1
""").bindparams(  # noqa: S608 - column names of our own
    *[
        sa.bindparam(name, type_=complaint.c[name].type)
        for name in [*_UPDATED, "id", "version", "source_digest"]
    ],
    *[sa.bindparam(f"person_{name}", type_=sa.Text) for name in COMPLAINANT],
    sa.bindparam("named", type_=sa.Boolean),
    *[
        sa.bindparam(name, type_=complaint_history.c[name].type)
        for name in ("position", "at", "actor", "action", "reason", "previous", "hash")
    ],
)
_TRACE: Final = sa.text("""
WITH touched AS (
    UPDATE complaint SET updated_at = CAST(:updated_at AS timestamptz) WHERE id = CAST(:id AS uuid) RETURNING id
)
INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, withheld, previous, hash)
SELECT id, CAST(:position AS integer), CAST(:at AS timestamptz), :actor, :action, CAST(:changes AS jsonb), :reason,
       CAST(:withheld AS jsonb), :previous, :hash
  FROM touched
""")
_MARKS: Final = """
SELECT source_system, external_id, number, source_digest, source_updated_at FROM complaint
  JOIN unnest(CAST(:sources AS text[]), CAST(:names AS text[])) AS given (source_system, external_id)
 USING (source_system, external_id)
 ORDER BY id
"""
_READ_MARKS: Final = sa.text(_MARKS)
_LOCK_MARKS: Final = sa.text(f"{_MARKS} FOR UPDATE OF complaint")
_NOTE: Final = (
    sa.update(complaint)
    .where(complaint.c.id == sa.bindparam("of"))
    .values(source_updated_at=sa.bindparam("told_at"), source_digest=sa.bindparam("digest"))
)


class PostgresComplaints:
    """The complaints of one transaction."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def insert(self, drafts: Sequence[Draft]) -> Mapping[UUID, str]:
        """Write new complaints at once; give the numbers of those that were not known yet."""
        return await insert_new(self._connection, drafts)

    async def marks(self, identities: Sequence[Identity], *, lock: bool) -> Mapping[Identity, Mark]:
        """Give the marks of those that are known, and with `lock` keep them from changing."""
        given = {"sources": [source for source, _ in identities], "names": [name for _, name in identities]}
        rows = await self._connection.execute(_LOCK_MARKS if lock else _READ_MARKS, given)
        return {
            (row.source_system, row.external_id): Mark(
                number_text(row.number), bytes(row.source_digest), row.source_updated_at
            )
            for row in rows
        }

    async def by_identity(self, source_system: str, external_id: str) -> Kept:
        """Lock the complaint that a source knows by this id; raises NoSuchComplaint."""
        identity = {"source_system": source_system, "external_id": external_id}
        row = (await self._connection.execute(_LOCK_IDENTITY, identity)).one_or_none()
        if row is None:
            raise NoSuchComplaint
        return await self._kept(row.id)

    async def by_reference(self, reference: str, *, source_system: str | None) -> Kept:
        """Lock a complaint by id or number, of one source alone where it is named; raises NoSuchComplaint."""
        name, value = reference_of(reference)
        statement = _LOCK_ID if name == "id" else _LOCK_NUMBER
        row = (await self._connection.execute(statement, {name: value})).one_or_none()
        if row is None or source_system not in {None, row.source_system}:
            raise NoSuchComplaint
        return await self._kept(row.id)

    async def save(self, complaint: Complaint, trace: Trace) -> None:
        """Write an amended complaint and continue its history."""
        values: dict[str, Any] = complaint_values(complaint, updated_at=self._clock())
        values |= status_values(complaint)
        values |= {f"person_{name}": value for name, value in complainant_values(complaint).items()}
        values |= trace_values(trace) | {"named": complaint.account.complainant is not None}
        saved = await self._connection.execute(_SAVE, {name: values[name] for name in _SAVE.compile().params})
        if saved.first() is None:
            raise AssertionError("a locked complaint changed its version meanwhile")

    async def trace(self, complaint_id: UUID, trace: Trace) -> None:
        """Continue the history of a complaint that is locked, which itself stays as it is."""
        values = trace_values(trace) | {"id": complaint_id, "updated_at": self._clock()}
        await self._connection.execute(_TRACE, values)

    async def note_source(self, complaint: Complaint) -> None:
        """Write the source's own marks alone, which nobody is told of."""
        await self._connection.execute(
            _NOTE,
            {"of": complaint.id, "told_at": complaint.source_updated_at, "digest": complaint.source_digest},
        )

    async def chronicled(
        self, *, after: UUID | None, since: datetime | None, limit: int
    ) -> Sequence[Chronicled]:
        """Read complaints in the order of their ids, of all or of those updated since, and keep them from changing."""
        held = await self._connection.execute(_HOLD_PAGE, {"after": after, "since": since, "rows": limit})
        ids = list(held.scalars())
        entries: dict[UUID, list[history.Entry]] = defaultdict(list)
        for row in await self._connection.execute(_HISTORIES, {"ids": ids}):
            entries[row.complaint_id].append(entry_of(row))
        rows = await self._connection.execute(_WHOLE_PAGE, {"ids": ids})
        return [Chronicled(complaint_of(row), entries[row.id]) for row in rows]

    async def _kept(self, complaint_id: UUID) -> Kept:
        # A statement of its own: its snapshot must be taken after the lock, or it would show what the holder of the
        # lock before has just replaced.
        row = (await self._connection.execute(_WHOLE, {"id": complaint_id})).one()
        last = (await self._connection.execute(_LAST, {"id": complaint_id})).one()
        return Kept(complaint_of(row), entry_of(last))


async def find_id(connection: AsyncConnection, reference: str, within: str | None) -> UUID:
    """Find a complaint's id by id or number, of one source alone where it is named; raises NoSuchComplaint."""
    name, value = reference_of(reference)
    query = sa.select(complaint.c.id).where(complaint.c[name] == value)
    if within is not None:
        query = query.where(complaint.c.source_system == within)
    found: UUID | None = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        raise NoSuchComplaint
    return found


def reference_of(reference: str) -> tuple[str, UUID | int]:
    """Tell an id from a number such as C-10023; raises NoSuchComplaint for what is neither."""
    number = _NUMBER.fullmatch(reference.upper())
    if number:
        return "number", int(number[1])
    try:
        return "id", UUID(reference)
    except ValueError:
        raise NoSuchComplaint from None
