"""What has been done about complaints, as rows; and what a step needs to know, read with the complaint locked."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import Clock
from intake.db.complaints import WHOLE, WITH_COMPLAINANT, reference_of
from intake.db.rows import complaint_of, entry_of, json_text, number_text, trace_values
from intake.db.tables import complaint, complaint_handling, complaint_history
from intake.domain.complaint import State
from intake.domain.errors import NoSuchComplaint, NoSuchOther
from intake.domain.lifecycle.commands import Other
from intake.domain.lifecycle.guards import Case, Seen
from intake.domain.lifecycle.handling import UNTOUCHED, Handling
from intake.domain.lifecycle.records import read, written
from intake.domain.lifecycle.taking import Taken
from intake.domain.trail import Trace
from intake.usecases.ports import Held

# In the order of ids, so that two steps that name each other's complaint never wait in a circle.
_LOCK: Final = sa.text("SELECT id FROM complaint WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
# Statements of their own: what they read must be what was committed when the lock was had.
_WHOLE: Final = sa.select(*WHOLE).select_from(WITH_COMPLAINANT).where(complaint.c.id == sa.bindparam("id"))
_LAST: Final = (
    sa.select(complaint_history)
    .where(complaint_history.c.complaint_id == sa.bindparam("id"))
    .order_by(complaint_history.c.position.desc())
    .limit(1)
)
_HANDLED: Final = sa.text("""
SELECT given.id, complaint_handling.record,
       EXISTS (SELECT FROM complaint_handling AS duplicate WHERE duplicate.master_id = given.id) AS has_duplicates
  FROM unnest(CAST(:ids AS uuid[])) AS given (id)
  LEFT JOIN complaint_handling ON complaint_handling.complaint_id = given.id
""")
_SEEN: Final = sa.text("""
SELECT triage.complaint_id IS NOT NULL AS triaged, nonconformity.number, nonconformity.state
  FROM (SELECT CAST(:id AS uuid) AS id) AS given
  LEFT JOIN triage ON triage.complaint_id = given.id
  LEFT JOIN nonconformity ON nonconformity.id = coalesce(
      triage.nonconformity_id,
      (SELECT max(nonconformity_id::text)::uuid FROM complaint_link WHERE complaint_link.complaint_id = given.id))
""")
_SAVE: Final = sa.text("""
WITH saved AS (
    UPDATE complaint SET state = :state, version = CAST(:version AS integer), updated_at = CAST(:updated_at AS timestamptz)
     WHERE id = CAST(:id AS uuid) AND version = CAST(:version AS integer) - 1
    RETURNING id
), handled AS (
    INSERT INTO complaint_handling (complaint_id, owner, team, severity, master_id, record)
    SELECT id, :owner, :team, :severity, CAST(:master_id AS uuid), CAST(:record AS jsonb) FROM saved
    ON CONFLICT (complaint_id) DO UPDATE
       SET owner = excluded.owner, team = excluded.team, severity = excluded.severity,
           master_id = excluded.master_id, record = excluded.record
)
INSERT INTO complaint_history (complaint_id, position, at, actor, action, changes, reason, withheld, previous, hash)
SELECT id, CAST(:position AS integer), CAST(:at AS timestamptz), :actor, :action, CAST(:changes AS jsonb), :reason,
       CAST(:withheld AS jsonb), :previous, :hash
  FROM saved
RETURNING 1
""").bindparams(
    *[
        sa.bindparam(name, type_=complaint_handling.c[name].type)
        for name in ("owner", "team", "severity", "master_id")
    ]
)
_USELESS: Final = frozenset({State.NOT_A_COMPLAINT, State.WITHDRAWN})
"""Nobody handles these, so that a duplicate of one would be handled by nobody."""


class PostgresHandlings:
    """The `Handlings` of one transaction."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def hold(self, reference: str, *, beside: str | None, source_system: str | None) -> Held:
        """Lock a complaint, and one that its step names `beside` it, in one order for all."""
        own = await self._find(reference, source_system)
        if own is None:
            raise NoSuchComplaint
        other = None if beside is None else await self._find(beside, source_system)
        if beside is not None and other is None:
            raise NoSuchOther
        ids = [own] if other is None else [own, other]
        await self._connection.execute(_LOCK, {"ids": ids})
        row = (await self._connection.execute(_WHOLE, {"id": own})).one()
        last = (await self._connection.execute(_LAST, {"id": own})).one()
        seen = (await self._connection.execute(_SEEN, {"id": own})).one()
        handled = await handled_of(self._connection, ids)
        handling, has_duplicates = handled[own]
        case = Case(
            complaint=complaint_of(row),
            handling=handling,
            seen=Seen(triaged=seen.triaged, nonconformity=seen.number, nonconformity_state=seen.state),
            has_duplicates=has_duplicates,
        )
        beside_it = None if other is None else await self._other(other, handled[other][0])
        return Held(case, entry_of(last), beside_it)

    async def of(self, complaint_id: UUID) -> Handling:
        """Read what has been done about a complaint that is locked."""
        handling, _ = (await handled_of(self._connection, [complaint_id]))[complaint_id]
        return handling

    async def save(self, taken: Taken, trace: Trace) -> None:
        """Write what a step came to and continue the history."""
        handling, changed = taken.handling, taken.complaint
        saved = await self._connection.execute(
            _SAVE,
            {
                "id": changed.id,
                "state": changed.state.value,
                "version": changed.version,
                "updated_at": self._clock(),
                "owner": handling.owner,
                "team": handling.team,
                "severity": None if handling.assessment is None else handling.assessment.severity.value,
                "master_id": handling.master_id,
                "record": json_text(written(handling)),
                **trace_values(trace),
            },
        )
        if saved.first() is None:
            raise AssertionError("a locked complaint changed its version meanwhile")

    async def _find(self, reference: str, source_system: str | None) -> UUID | None:
        try:
            name, value = reference_of(reference)
        except NoSuchComplaint:
            return None
        query = sa.select(complaint.c.id).where(complaint.c[name] == value)
        if source_system is not None:
            query = query.where(complaint.c.source_system == source_system)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def _other(self, complaint_id: UUID, handling: Handling) -> Other:
        columns = (complaint.c.number, complaint.c.product, complaint.c.state)
        query = sa.select(*columns).where(complaint.c.id == complaint_id)
        row = (await self._connection.execute(query)).one()
        return Other(
            id=complaint_id,
            number=number_text(row.number),
            product=row.product,
            ended=State(row.state) in _USELESS,
            linked=row.state == State.LINKED,
            investigated=handling.response is not None and handling.response.finding is not None,
        )


async def handled_of(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, tuple[Handling, bool]]:
    """Read what has been done about complaints, and whether others are linked to them."""
    rows = await connection.execute(_HANDLED, {"ids": list(ids)})
    return {row.id: (_handling(row), row.has_duplicates) for row in rows}


def _handling(row: Any) -> Handling:
    return UNTOUCHED if row.record is None else read(Handling, row.record)
