"""The clocks of complaints inside one transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.many_rows import document, insert_rows
from intake.db.clock_rows import CLOCK, clock_of, clock_values
from intake.db.complaints import WHOLE, WITH_COMPLAINANT
from intake.db.handlings import handled_of
from intake.db.rows import complaint_of
from intake.db.tables import complaint, complaint_clock
from intake.domain.clocks.clock import Clock
from intake.domain.clocks.following import Change
from intake.domain.progress import Membership
from intake.usecases.ports import ClockNews, Timed

_OF: Final = sa.select(complaint_clock).where(complaint_clock.c.complaint_id == sa.bindparam("id"))
_KEY: Final = ("clock", "ordinal")
_NOTED: Final = ("warned_at", "breached_at")
_SAVE: Final = insert_rows(
    complaint_clock,
    "clocks",
    "ON CONFLICT (complaint_id, clock, ordinal) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in CLOCK if name not in {*_KEY, *_NOTED})
    # What notifier saw may have been noted since the clock was read.
    + "".join(
        f", {name} = CASE WHEN complaint_clock.generation = excluded.generation "
        f"THEN coalesce(complaint_clock.{name}, excluded.{name}) ELSE excluded.{name} END"
        for name in _NOTED
    ),
)
# Only what runs can be warned of or breached; a second telling of the same changes nothing.
_NOTE: Final = {
    kind: sa.text(f"""
UPDATE complaint_clock SET {kind}_at = CAST(:at AS timestamptz)
 WHERE complaint_id = CAST(:complaint_id AS uuid) AND clock = :clock AND generation = :generation
   AND state = 'running' AND {kind}_at IS NULL
RETURNING 1
""")  # noqa: S608 - column names of our own
    for kind in ("warned", "breached")
}
_OPEN: Final = sa.text("""
SELECT DISTINCT complaint_id FROM complaint_clock
 WHERE state IN ('running', 'paused') AND (CAST(:after AS uuid) IS NULL OR complaint_id > CAST(:after AS uuid))
 ORDER BY complaint_id LIMIT :rows
""")
# Whoever writes to a complaint holds it first, so that nobody who holds one of its clocks ever waits for it.
_HOLD: Final = sa.text("SELECT FROM complaint WHERE id = CAST(:complaint_id AS uuid) FOR NO KEY UPDATE")
_LOCK: Final = sa.text("SELECT id FROM complaint WHERE id = CAST(:id AS uuid) FOR UPDATE")
_WHOLE: Final = sa.select(*WHOLE).select_from(WITH_COMPLAINANT).where(complaint.c.id == sa.bindparam("id"))
_OF_MANY: Final = sa.select(complaint_clock).where(
    complaint_clock.c.complaint_id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
)
_AWAITING: Final = sa.text("""
SELECT DISTINCT waiting.complaint_id
  FROM complaint_link AS linked
  JOIN complaint_clock AS waiting ON waiting.complaint_id = linked.complaint_id
 WHERE linked.nonconformity_id = CAST(:nonconformity_id AS uuid)
   AND waiting.kind = 'contain' AND waiting.state IN ('running', 'paused')
   AND EXISTS (SELECT FROM action WHERE id = CAST(:action_id AS uuid) AND kind = 'containment')
 ORDER BY waiting.complaint_id
""")
# What is linked and what is done are seen by one of the two, whichever comes first: links share a turn that a completed
# action has alone. It comes before all locks of rows.
_NAMED: Final = "hashtextextended('containment' || CAST(CAST({id} AS uuid) AS text), 0)"
_TURN: Final = sa.text(f"SELECT pg_advisory_xact_lock({_NAMED.format(id=':nonconformity_id')})")
_SHARED_TURNS: Final = sa.text(
    f"SELECT pg_advisory_xact_lock_shared({_NAMED.format(id='id')}) FROM unnest(CAST(:ids AS uuid[])) AS given (id)"  # noqa: S608 - of our own
)
_DONE: Final = """
SELECT min(done.at) FROM action CROSS JOIN LATERAL (
    SELECT max(coalesce(CAST(changes ->> 'completed_at' AS timestamptz), at)) AS at FROM timeline_note
     WHERE subject_id = action.id AND action = 'action_completed') AS done
 WHERE action.kind = 'containment' AND action.state IN ('completed', 'verified') AND """
_DONE_BEFORE: Final = sa.text(f"""
SELECT complaint_id, nonconformity_id, ({_DONE} action.nonconformity_id = given.nonconformity_id) AS contained_at
  FROM unnest(CAST(:complaint_ids AS uuid[]), CAST(:nonconformity_ids AS uuid[]))
       AS given (complaint_id, nonconformity_id)
 WHERE EXISTS (SELECT FROM complaint_clock AS waiting WHERE waiting.complaint_id = given.complaint_id
                  AND waiting.kind = 'contain' AND waiting.state IN ('running', 'paused'))
""")  # noqa: S608 - of our own
_CONTAINED: Final = sa.text(f"""{_DONE} nonconformity_id IN (
    SELECT nonconformity_id FROM complaint_link WHERE complaint_id = CAST(:complaint_id AS uuid))""")  # noqa: S608 - of our own


class PostgresClocks:
    """The `Clocks` of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, complaint_id: UUID) -> Sequence[Clock]:
        """Read every clock of a complaint that is locked, in no order."""
        return [clock_of(row) for row in await self._connection.execute(_OF, {"id": complaint_id})]

    async def of_many(self, complaint_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Clock]]:
        """Read every clock of complaints that are locked."""
        found: dict[UUID, list[Clock]] = defaultdict(list)
        for row in await self._connection.execute(_OF_MANY, {"ids": list(complaint_ids)}):
            found[row.complaint_id].append(clock_of(row))
        return found

    async def save(self, changes: Sequence[Change]) -> None:
        """Write clocks as they stand now, new ones or known."""
        latest = {
            (change.clock.complaint_id, change.clock.name, change.clock.ordinal): change.clock
            for change in changes
        }
        rows = [clock_values(clock) | {"complaint_id": clock.complaint_id} for clock in latest.values()]
        if rows:
            await self._connection.execute(_SAVE, {"clocks": document(rows)})

    async def note(self, news: ClockNews) -> bool:
        """Hold the complaint, and note it beside the clock, once, where it is about the generation that runs; tell whether it was."""
        told = {
            "at": news.at,
            "complaint_id": news.complaint_id,
            "clock": news.clock,
            "generation": news.generation,
        }
        await self._connection.execute(_HOLD, {"complaint_id": news.complaint_id})
        return (await self._connection.execute(_NOTE[news.kind], told)).first() is not None

    async def open_after(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """List complaints with open clocks in the order of their ids."""
        rows = await self._connection.execute(_OPEN, {"after": after, "rows": limit})
        return list(rows.scalars())

    async def timed(self, complaint_id: UUID) -> Timed:
        """Lock a complaint and read it with its clocks."""
        await self._connection.execute(_LOCK, {"id": complaint_id})
        # A statement of its own, so that its snapshot is taken after the lock.
        row = (await self._connection.execute(_WHOLE, {"id": complaint_id})).one()
        handling, _ = (await handled_of(self._connection, [complaint_id]))[complaint_id]
        return Timed(complaint_of(row), handling, await self.of(complaint_id))

    async def awaiting_containment(self, action_id: UUID, nonconformity_id: UUID) -> Sequence[UUID]:
        """Take a turn, and list complaints whose open clocks wait for a containment action, in the order of their ids."""
        await self._connection.execute(_TURN, {"nonconformity_id": nonconformity_id})
        named = {"action_id": action_id, "nonconformity_id": nonconformity_id}
        return list((await self._connection.execute(_AWAITING, named)).scalars())

    async def contained_before(
        self, memberships: Sequence[Membership]
    ) -> Mapping[tuple[UUID, UUID], datetime]:
        """Take turns, and tell when nonconformities were contained to which complaints with a waiting clock are to belong."""
        if not memberships:
            return {}
        complaints = [each.complaint_id for each in memberships]
        nonconformities = [each.nonconformity_id for each in memberships]
        await self._connection.execute(_SHARED_TURNS, {"ids": sorted(set(nonconformities))})
        # A statement of its own, so that its snapshot is taken when the turns have come.
        asked = {"complaint_ids": complaints, "nonconformity_ids": nonconformities}
        found = await self._connection.execute(_DONE_BEFORE, asked)
        return {
            (row.complaint_id, row.nonconformity_id): row.contained_at
            for row in found
            if row.contained_at is not None
        }

    async def contained_at(self, complaint_id: UUID) -> datetime | None:
        """Tell when a containment action of a nonconformity of the complaint was first done."""
        return (
            await self._connection.execute(_CONTAINED, {"complaint_id": complaint_id})
        ).scalar_one_or_none()
