"""Deadlines with what became of them, page by page, to be told again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.db.answers import answers_of
from notifier.db.deadlines import deadline_of, names_of
from notifier.db.notices import notice_of
from notifier.db.tables import DEADLINE
from notifier.domain.deadline import Key
from notifier.domain.notice import NoticeState
from notifier.usecases.ports import EndedNotice, StandingDeadline

_HOLD_PAGE: Final = sa.text("""
SELECT * FROM deadline
 WHERE (CAST(:subject_id AS uuid) IS NULL
        OR (subject_id, clock) > (CAST(:subject_id AS uuid), CAST(:clock AS text)))
   AND (CAST(:since AS timestamptz) IS NULL
        OR EXISTS (SELECT 1 FROM timer_ended
                    WHERE timer_ended.subject_id = deadline.subject_id AND timer_ended.clock = deadline.clock
                      AND ended = 'fired' AND ended_at >= CAST(:since AS timestamptz))
        OR EXISTS (SELECT 1 FROM notice
                    WHERE notice.subject_id = deadline.subject_id AND notice.clock = deadline.clock
                      AND finished_at >= CAST(:since AS timestamptz))
        OR EXISTS (SELECT 1 FROM answer
                    WHERE answer.subject_id = deadline.subject_id AND answer.clock = deadline.clock
                      AND at >= CAST(:since AS timestamptz)))
 ORDER BY subject_id, clock LIMIT :rows FOR SHARE
""").columns(*DEADLINE.columns)
_FIRED: Final = sa.text("""
SELECT subject_id, clock, step, ended_at FROM timer_ended JOIN deadline USING (subject_id, clock, generation)
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
   AND ended = 'fired'
""")
_ENDED: Final = sa.text("""
SELECT notice.*, delivery.maybe_duplicate, delivery.attempts
  FROM notice JOIN delivery ON delivery.id = notice.delivery_id
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
   AND notice.state IN ('sent', 'failed')
 ORDER BY notice.id
""")


class PostgresStanding:
    """Reads on one transaction's connection; what is read may not change until it ends."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def deadlines(
        self, *, after: Key | None, since: datetime | None, limit: int
    ) -> Sequence[StandingDeadline]:
        """Read deadlines in the order of subject and clock, of all or of those with news since."""
        subject_id, clock = after or (None, None)
        rows = await self._connection.execute(
            _HOLD_PAGE, {"subject_id": subject_id, "clock": clock, "since": since, "rows": limit}
        )
        held = [deadline_of(row) for row in rows]
        names = names_of(deadline.key for deadline in held)
        fired: dict[Key, dict[str, datetime]] = defaultdict(dict)
        for row in await self._connection.execute(_FIRED, names):
            fired[row.subject_id, row.clock][row.step] = row.ended_at
        ended: dict[Key, list[EndedNotice]] = defaultdict(list)
        for row in await self._connection.execute(_ENDED, names):
            ended[row.subject_id, row.clock].append(_ended(row))
        answers = await answers_of(self._connection, [deadline.key for deadline in held])
        return [
            StandingDeadline(
                deadline, fired[deadline.key], tuple(ended[deadline.key]), answers.get(deadline.key, ())
            )
            for deadline in held
        ]


def _ended(row: Any) -> EndedNotice:
    return EndedNotice(
        notice=notice_of(row),
        state=NoticeState(row.state),
        finished_at=row.finished_at,
        reason=row.reason or "",
        attempts=row.attempts,
        maybe_duplicate=row.maybe_duplicate,
    )
