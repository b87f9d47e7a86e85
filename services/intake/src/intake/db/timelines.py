"""Reads timelines: one statement over all sources of what happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TextualSelect

from common.page import Page
from intake.db.complaints import find_id
from intake.db.tables import complaint_history
from intake.domain.clocks.rebasing import CLOCKS_REBASED
from intake.domain.lifecycle.facts import BY_VERB
from intake.domain.timeline import MESSAGES, Kind
from intake.domain.trail import words_beside
from intake.usecases.timeline import TimelineEntry, TimelineSort


def _text(column: str) -> str:
    """Write an instant as the history does."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


_HISTORY: Final = """
SELECT 'history' AS source, lpad(CAST(position AS text), 10, '0') AS key,
       CASE WHEN action = ANY(CAST(:messages AS text[])) THEN 'message' WHEN action = :rebased THEN 'clock' ELSE 'step' END AS kind,
       action, CASE WHEN action = ANY(CAST(:steps AS text[])) THEN CAST(changes ->> 'at' AS timestamptz) ELSE at END AS at, actor,
       'complaint' AS subject_kind, complaint_id AS subject_id, changes, reason, position, withheld
  FROM complaint_history WHERE complaint_id = :id
"""
# A hold that lasted until the clock ended was ended by that, and nothing ran on. The source's name puts what a clock did
# after the step of the same instant that made it do so.
_CLOCKS: Final = f"""
SELECT 'timed' AS source, concat_ws('/', clock, lpad(CAST(ordinal AS text), 6, '0'), happened.nth) AS key, 'clock' AS kind,
       happened.action, happened.at, 'service:intake' AS actor, 'complaint' AS subject_kind, complaint_id AS subject_id,
       jsonb_build_object('clock', clock, 'kind', kind, 'run', run) || happened.changes AS changes, '' AS reason,
       CAST(NULL AS integer) AS position, CAST(NULL AS jsonb) AS withheld
  FROM complaint_clock
 CROSS JOIN LATERAL (
    SELECT '0' AS nth, 'clock_started' AS action, started_at AS at,
           jsonb_build_object('begun_by', begun_by, 'due_at', {_text("original_due_at")}) AS changes
     UNION ALL
    SELECT concat('1/', lpad(CAST(nth AS text), 6, '0'), '/0'), 'clock_paused', CAST(hold ->> 0 AS timestamptz), '{{}}'
      FROM jsonb_array_elements(holds) WITH ORDINALITY AS held (hold, nth)
     UNION ALL
    SELECT concat('1/', lpad(CAST(nth AS text), 6, '0'), '/1'), 'clock_resumed', CAST(hold ->> 1 AS timestamptz), '{{}}'
      FROM jsonb_array_elements(holds) WITH ORDINALITY AS held (hold, nth)
     WHERE ended_at IS NULL OR CAST(hold ->> 1 AS timestamptz) < ended_at
     UNION ALL
    SELECT '2', 'clock_paused', paused_at, '{{}}' WHERE paused_at IS NOT NULL
     UNION ALL
    SELECT '3', concat('clock_', state), ended_at,
           jsonb_strip_nulls(jsonb_build_object(
               'ended_by', ended_by, 'due_at', {_text("due_at")}, 'by_seconds', by_seconds))
     WHERE ended_at IS NOT NULL
 ) AS happened
 WHERE complaint_id = :id
"""  # noqa: S608 - column names of our own
_OWN_NOTES: Final = """
SELECT 'note' AS source, name AS key, kind, action, at, actor, subject_kind, subject_id, changes, reason,
       CAST(NULL AS integer) AS position, CAST(NULL AS jsonb) AS withheld
  FROM timeline_note WHERE subject_id = :id
"""
_NONCONFORMITY_NOTES: Final = """
SELECT 'nonconformity' AS source, CAST(subject_id AS text) || name AS key, kind, action, at, actor, subject_kind,
       subject_id, changes, reason, CAST(NULL AS integer), CAST(NULL AS jsonb)
  FROM complaint_link JOIN timeline_note ON subject_id = nonconformity_id WHERE complaint_id = :id
"""
_ACTION_NOTES: Final = """
SELECT 'action' AS source, CAST(subject_id AS text) || name AS key, note.kind, note.action, at, actor, subject_kind,
       subject_id, changes, reason, CAST(NULL AS integer), CAST(NULL AS jsonb)
  FROM complaint_link
  JOIN action USING (nonconformity_id)
  JOIN timeline_note note ON subject_id = action.id
 WHERE complaint_id = :id
"""
SOURCES: Final = (_HISTORY, _CLOCKS, _OWN_NOTES, _NONCONFORMITY_NOTES, _ACTION_NOTES)
"""What a timeline is mixed from: each gives the same columns, and (source, key) names each of its rows for good.

Whoever has more to tell of a complaint adds a query.
"""

_MIX: Final = " UNION ALL ".join(SOURCES)
_FIRST: Final = {"at": ("ASC", ">"), "-at": ("DESC", "<")}


def _statement(sort: TimelineSort) -> TextualSelect:
    order, beyond = _FIRST[sort]
    return sa.text(f"""
SELECT * FROM ({_MIX}) AS mixed
 WHERE (cardinality(CAST(:kinds AS text[])) = 0 OR kind = ANY(CAST(:kinds AS text[])))
   AND (CAST(:at AS timestamptz) IS NULL
        OR (at, source COLLATE "C", key COLLATE "C") {beyond}
           (CAST(:at AS timestamptz), CAST(:source AS text) COLLATE "C", CAST(:key AS text) COLLATE "C"))
 ORDER BY at {order}, source COLLATE "C" {order}, key COLLATE "C" {order}
 LIMIT :rows
""").columns(  # noqa: S608 - statements of our own
        changes=pg.JSONB, withheld=complaint_history.c.withheld.type, subject_id=sa.Uuid
    )


_STATEMENTS: Final = {sort: _statement(sort) for sort in ("at", "-at")}


class PostgresTimelines:
    """The `Timelines` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self,
        reference: str,
        *,
        within: str | None,
        kinds: Sequence[Kind],
        sort: TimelineSort,
        after: tuple[str, ...] | None,
        limit: int,
    ) -> tuple[UUID, Page[TimelineEntry]]:
        """Read the complaint's id and one page, of some kinds alone where they are named; raises NoSuchComplaint."""
        async with self._engine.connect() as connection:
            complaint_id = await find_id(connection, reference, within)
            page = await read_timeline(
                connection, complaint_id, kinds=kinds, sort=sort, after=after, limit=limit
            )
        return complaint_id, page


async def read_timeline(
    connection: AsyncConnection,
    complaint_id: UUID,
    *,
    kinds: Sequence[Kind] = (),
    sort: TimelineSort = "at",
    after: tuple[str, ...] | None = None,
    limit: int,
) -> Page[TimelineEntry]:
    """Read one page of a complaint's timeline."""
    at, source, key = (datetime.fromisoformat(after[0]), *after[1:]) if after else (None, None, None)
    given = {
        "id": complaint_id,
        "kinds": [kind.value for kind in kinds],
        "at": at,
        "source": source,
        "key": key,
        "rows": limit + 1,
        "messages": sorted(MESSAGES),
        "steps": sorted(BY_VERB),
        "rebased": CLOCKS_REBASED,
    }
    rows = (await connection.execute(_STATEMENTS[sort], given)).all()
    entries = tuple(_entry(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(entries)
    last = rows[limit - 1]
    return Page(entries, (last.at.isoformat(), last.source, last.key))


def _entry(row: Any) -> TimelineEntry:
    return TimelineEntry(
        kind=Kind(row.kind),
        action=row.action,
        at=row.at,
        actor=row.actor,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        changes=row.changes,
        reason=row.reason,
        source=row.source,
        position=row.position,
        withheld=words_beside(row.withheld),
    )
