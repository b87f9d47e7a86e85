"""Holds and erasures inside one transaction that has the complaint locked."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.attached_files import file_of
from intake.db.rows import json_text, trace_values
from intake.db.tables import attached_file, complaint, complaint_hold
from intake.domain.attached_file import AttachedFile, FileState
from intake.domain.complaint import Complaint, plain
from intake.domain.lifecycle.handling import Handling
from intake.domain.lifecycle.records import written
from intake.domain.retention import Hold
from intake.domain.trail import Trace

_HOLD: Final = sa.select(complaint_hold).where(complaint_hold.c.complaint_id == sa.bindparam("id"))
_PLACE: Final = sa.text("""
INSERT INTO complaint_hold (complaint_id, reason, until, placed_by, placed_at)
VALUES (CAST(:id AS uuid), :reason, CAST(:until AS timestamptz), :placed_by, CAST(:placed_at AS timestamptz))
ON CONFLICT (complaint_id) DO UPDATE
   SET reason = excluded.reason, until = excluded.until, placed_by = excluded.placed_by, placed_at = excluded.placed_at
""")
_RELEASE: Final = sa.text("DELETE FROM complaint_hold WHERE complaint_id = CAST(:id AS uuid)")
_NOTE: Final = sa.text("""
INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, previous, hash)
VALUES (CAST(:id AS uuid), CAST(:position AS integer), CAST(:at AS timestamptz), :actor, :action,
        CAST(:changes AS jsonb), :reason, :previous, :hash)
""")
_TOUCH: Final = sa.text(
    "UPDATE complaint SET updated_at = CAST(:at AS timestamptz) WHERE id = CAST(:id AS uuid)"
)
_STORED: Final = (
    sa.select(attached_file)
    .where(
        attached_file.c.complaint_id == sa.bindparam("id"), attached_file.c.state == FileState.STORED.value
    )
    .order_by(attached_file.c.uploaded_at, attached_file.c.id)
)
_EMPTY: Final = sa.text("""
UPDATE complaint
   SET title = :title, description = :description, remedy_sought = :remedy_sought, serial = :serial,
       attachments = CAST(:attachments AS jsonb), source_digest = :source_digest,
       erased_at = CAST(:erased_at AS timestamptz), updated_at = CAST(:erased_at AS timestamptz),
       version = CAST(:version AS integer)
 WHERE id = CAST(:id AS uuid) AND version = CAST(:version AS integer) - 1
RETURNING 1
""").bindparams(
    *[
        sa.bindparam(name, type_=complaint.c[name].type)
        for name in ("title", "description", "remedy_sought", "serial", "source_digest")
    ]
)
_HANDLED: Final = sa.text(
    "UPDATE complaint_handling SET record = CAST(:record AS jsonb) WHERE complaint_id = CAST(:id AS uuid)"
)
# A repeat of a request is answered anew without comparing it: its digest would confirm a guess at what it said.
_KEYS: Final = """
UPDATE idempotency_key SET fingerprint = ''
 WHERE resource_id = CAST(:id AS text)
    OR resource_id IN (SELECT CAST(id AS text) FROM attached_file WHERE complaint_id = CAST(:id AS uuid))
"""
# What a rehearsal noted of the source's telling, of whichever import.
_ROWS: Final = """
UPDATE import_row SET digest = NULL
  FROM complaint
 WHERE complaint.id = CAST(:id AS uuid) AND import_id IN (SELECT id FROM import_job)
   AND import_row.external_id = complaint.external_id AND digest IS NOT NULL
"""
_HISTORY: Final = (
    "UPDATE complaint_history SET withheld = NULL WHERE complaint_id = :id AND withheld IS NOT NULL"
)

FORGET: Final = tuple(
    sa.text(statement).bindparams(sa.bindparam("id", type_=sa.Uuid)) for statement in (_HISTORY, _KEYS, _ROWS)
)
"""What an erasure takes away everywhere, whatever the policy says; `:id` is the complaint's."""

PERSON: Final = (
    sa.text("DELETE FROM complainant WHERE complaint_id = CAST(:id AS uuid)"),
    sa.text("UPDATE complaint SET crm_status_note = NULL WHERE id = CAST(:id AS uuid)"),
)
"""What goes with the person who complains now; a table of a person's words or data adds its statement here."""

FILES: Final = (
    sa.text("""
UPDATE attached_file SET name = '', sha256 = NULL WHERE complaint_id = CAST(:id AS uuid) AND state = 'deleted'
"""),
)
# Complaints of one nonconformity share its notes: whoever erases them holds them in one order.
NOTES: Final = (
    sa.text("""
WITH about AS (
    SELECT CAST(:id AS uuid) AS subject_id
     UNION SELECT nonconformity_id FROM complaint_link WHERE complaint_id = CAST(:id AS uuid)
     UNION SELECT action.id FROM action JOIN complaint_link USING (nonconformity_id)
            WHERE complaint_id = CAST(:id AS uuid)
), held AS (
    SELECT subject_id, name FROM timeline_note
     WHERE subject_id IN (SELECT subject_id FROM about) AND reason <> ''
     ORDER BY subject_id, name FOR NO KEY UPDATE
)
UPDATE timeline_note SET reason = '' FROM held
 WHERE (timeline_note.subject_id, timeline_note.name) = (held.subject_id, held.name)
"""),
)
_OF_PERSON: Final = sa.text("""
SELECT complaint.id, complainant.reference IS NOT DISTINCT FROM :reference AS present
  FROM complaint LEFT JOIN complainant ON complainant.complaint_id = complaint.id
 WHERE source_system = :source_system AND complaint.id IN (
           SELECT complaint_id FROM complainant WHERE reference = :reference
            UNION
           SELECT complaint_id FROM complaint_history WHERE withheld #>> '{complainant,0,reference}' = :reference)
 ORDER BY complaint.id
""").bindparams(sa.bindparam("reference", type_=sa.Text))


class PostgresErasures:
    """Holds and erasures of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, complaint_id: UUID) -> Hold | None:
        """Read what keeps a complaint's personal data."""
        row = (await self._connection.execute(_HOLD, {"id": complaint_id})).one_or_none()
        return None if row is None else hold_of(row)

    async def place(self, complaint_id: UUID, hold: Hold, trace: Trace) -> None:
        """Place a hold, or replace the one that there is, and continue the history."""
        values = {name: getattr(hold, name) for name in ("reason", "until", "placed_by", "placed_at")}
        await self._connection.execute(_PLACE, values | {"id": complaint_id})
        await self._note(complaint_id, trace)

    async def release(self, complaint_id: UUID, trace: Trace) -> None:
        """Take the hold away and continue the history."""
        await self._connection.execute(_RELEASE, {"id": complaint_id})
        await self._note(complaint_id, trace)

    async def stored_files(self, complaint_id: UUID) -> Sequence[AttachedFile]:
        """List the attachments whose content is there."""
        return [file_of(row) for row in await self._connection.execute(_STORED, {"id": complaint_id})]

    async def erase(
        self, after: Complaint, handling: Handling, trace: Trace, *, files: bool, notes: bool
    ) -> None:
        """Write an erased complaint with what is still known of its handling, forget what belonged to its person, and continue the history."""
        account = after.account
        values: dict[str, Any] = {
            "id": after.id,
            "title": account.title,
            "description": account.description,
            "remedy_sought": account.remedy_sought,
            "serial": account.serial,
            "attachments": json_text(plain(account.attachments)),
            "source_digest": after.source_digest,
            "erased_at": after.erased_at,
            "version": after.version,
        }
        if (await self._connection.execute(_EMPTY, values)).first() is None:
            raise AssertionError("a locked complaint changed its version meanwhile")
        handled = {"id": after.id, "record": json_text(written(handling))}
        await self._connection.execute(_HANDLED, handled)
        further = (*PERSON, *(FILES if files else ()), *(NOTES if notes else ()))
        for statement in (*FORGET, *further):
            await self._connection.execute(statement, {"id": after.id})
        await self._note(after.id, trace)

    async def erase_former(self, complaint_id: UUID, trace: Trace) -> None:
        """Forget what stands beside the history of a complaint, and continue the history."""
        for statement in FORGET:
            await self._connection.execute(statement, {"id": complaint_id})
        await self._note(complaint_id, trace)

    async def of_person(self, source_system: str, reference: str) -> Sequence[tuple[UUID, bool]]:
        """Find the complaints that name a person, or once did; True where they do now."""
        found = await self._connection.execute(
            _OF_PERSON, {"source_system": source_system, "reference": reference}
        )
        return [(row.id, row.present) for row in found]

    async def _note(self, complaint_id: UUID, trace: Trace) -> None:
        values = trace_values(trace) | {"id": complaint_id}
        values.pop("withheld")
        await self._connection.execute(_NOTE, values)
        await self._connection.execute(_TOUCH, {"id": complaint_id, "at": trace.entry.at})


def hold_of(row: Any) -> Hold:
    """Read a hold from its row."""
    return Hold(reason=row.reason, until=row.until, placed_by=row.placed_by, placed_at=row.placed_at)
