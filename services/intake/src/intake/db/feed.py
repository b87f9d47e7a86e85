"""The feed of changes inside one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.crm_tables import complaint_change
from intake.db.rows import number_text
from intake.db.webhook_rows import change_values
from intake.domain.change import Change, Noticed, Origin

_HOLD: Final = sa.text("SELECT last_position FROM change_feed WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED")
_TAKE: Final = sa.text("""
DELETE FROM change_queue
 WHERE position IN (SELECT position FROM change_queue ORDER BY position LIMIT :most)
RETURNING position, kind, coalesce(complaint_id, timed_id) AS complaint_id, history_position, nonconformity_id, clock,
          ordinal
""")
# A change of a nonconformity, or of one of its actions, is one of each complaint that belongs to it. Each row looks up its
# own few by key (OFFSET 0): left free, the planner expects every row to be a nonconformity of average size, and reads all
# complaints and all histories for each batch.
_DESCRIBE: Final = sa.text("""
WITH noticed AS (
    SELECT * FROM unnest(
        CAST(:positions AS bigint[]), CAST(:kinds AS text[]), CAST(:complaints AS uuid[]),
        CAST(:histories AS integer[]), CAST(:nonconformities AS uuid[]), CAST(:clocks AS text[]),
        CAST(:ordinals AS integer[])
    ) AS noticed (queued, kind, complaint_id, history_position, nonconformity_id, clock, ordinal)
), told AS (
    SELECT queued, kind, complaint_id, history_position, clock, ordinal FROM noticed WHERE complaint_id IS NOT NULL
    UNION ALL
    SELECT queued, kind, link.complaint_id, NULL, NULL, NULL
      FROM noticed CROSS JOIN LATERAL (
          SELECT complaint_id FROM complaint_link WHERE nonconformity_id = noticed.nonconformity_id OFFSET 0
      ) AS link
)
SELECT told.kind, complaint.id, complaint.number, complaint.source_system, complaint.external_id, complaint.state,
       complaint.version, complaint.historical, history.action, history.changes,
       coalesce(history.at, ended.ended_at) AS at, told.clock, 'clock_' || ended.state AS verdict,
       CASE WHEN history.changes ? 'state' THEN (
           SELECT earlier.changes ->> 'state' FROM complaint_history earlier
            WHERE earlier.complaint_id = told.complaint_id AND earlier.position < told.history_position
              AND earlier.changes ? 'state'
            ORDER BY earlier.position DESC LIMIT 1
       ) END AS state_before
  FROM told
 CROSS JOIN LATERAL (
     SELECT id, number, source_system, external_id, state, version, historical FROM complaint
      WHERE id = told.complaint_id OFFSET 0
 ) AS complaint
  LEFT JOIN LATERAL (
     SELECT action, changes, at FROM complaint_history
      WHERE complaint_id = told.complaint_id AND position = told.history_position OFFSET 0
 ) AS history ON TRUE
  LEFT JOIN LATERAL (
     SELECT state, ended_at FROM complaint_clock
      WHERE told.kind = 'verdict' AND complaint_id = told.complaint_id AND clock = told.clock
        AND ordinal = told.ordinal OFFSET 0
 ) AS ended ON TRUE
 ORDER BY told.queued, complaint.id
""")
_LAST: Final = sa.text("UPDATE change_feed SET last_position = :position WHERE id = 1")
# Positions and times of recording grow together, so that the oldest stand at the beginning.
_FORGET: Final = sa.text("""
WITH oldest AS (
    SELECT position, recorded_at FROM complaint_change ORDER BY position LIMIT :most
), gone AS (
    DELETE FROM complaint_change
     WHERE position IN (SELECT position FROM oldest WHERE recorded_at < CAST(:before AS timestamptz))
    RETURNING position
), noted AS (
    UPDATE change_feed SET forgotten_position = (SELECT max(position) FROM gone)
     WHERE id = 1 AND EXISTS (SELECT 1 FROM gone)
)
SELECT count(*) FROM gone
""")


class PostgresFeed:
    """The feed of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self) -> int | None:
        """Give the last position and keep all others from adding to the feed; None where another is about it."""
        held: int | None = (await self._connection.execute(_HOLD)).scalar_one_or_none()
        return held

    async def take(self, most: int) -> Sequence[Noticed]:
        """Take changes from the queue in the order in which they were noticed, with the complaints as they are now."""
        rows = (await self._connection.execute(_TAKE, {"most": most})).all()
        if not rows:
            return ()
        described = await self._connection.execute(
            _DESCRIBE,
            {
                "positions": [row.position for row in rows],
                "kinds": [row.kind for row in rows],
                "complaints": [row.complaint_id for row in rows],
                "histories": [row.history_position for row in rows],
                "nonconformities": [row.nonconformity_id for row in rows],
                "clocks": [row.clock for row in rows],
                "ordinals": [row.ordinal for row in rows],
            },
        )
        return [_noticed(row) for row in described]

    async def append(self, changes: Sequence[Change]) -> None:
        """Add to the end of the feed, which this transaction holds."""
        await self._connection.execute(
            sa.insert(complaint_change), [change_values(change) for change in changes]
        )
        await self._connection.execute(_LAST, {"position": changes[-1].position})

    async def forget(self, *, before: datetime, most: int) -> int:
        """Forget the oldest changes that were recorded before; give how many."""
        gone = await self._connection.execute(_FORGET, {"before": before, "most": most})
        return int(gone.scalar_one())


def _noticed(row: Any) -> Noticed:
    return Noticed(
        origin=Origin(row.kind),
        complaint_id=row.id,
        number=number_text(row.number),
        source_system=row.source_system,
        external_id=row.external_id,
        state=row.state,
        version=row.version,
        historical=row.historical,
        action=row.action or row.verdict,
        changes=row.changes,
        at=row.at,
        state_before=row.state_before,
        clock=row.clock,
    )
