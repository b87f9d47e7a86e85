"""Complaints whose work ended long ago and whose person was not erased: candidates, page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.db.complaints import WHOLE, WITH_COMPLAINANT
from intake.db.erasures import hold_of
from intake.db.rows import complaint_of
from intake.db.tables import complaint, complaint_handling, complaint_history, complaint_hold
from intake.domain.retention import HistoricalStart
from intake.usecases.apply_retention import Ended

_OLD_READS: Final = sa.text("DELETE FROM personal_read WHERE at < CAST(:before AS timestamptz)")
_TEXTS: Final = pg.ARRAY(sa.Text)
_TURN: Final = (
    sa.select(complaint_history.c.at, complaint_history.c.action)
    .where(
        complaint_history.c.complaint_id == complaint.c.id,
        complaint_history.c.action == sa.any_(sa.bindparam("turns", type_=_TEXTS)),
    )
    .order_by(complaint_history.c.position.desc())
    .limit(1)
    .lateral("turn")
)
_UNTOUCHED: Final = sa.and_(
    complaint.c.historical,
    _TURN.c.action.is_(None),
    ~sa.exists().where(complaint_handling.c.complaint_id == complaint.c.id),
)


def _page(*ended: tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]) -> sa.Select[Any]:
    """Choose what ended, each case with the instant at which it did; nothing ends before it is on record or received."""
    ended_at = sa.case(*ended)
    return (
        sa.select(
            *WHOLE,
            ended_at.label("ended_at"),
            complaint_hold.c.reason,
            complaint_hold.c.until,
            complaint_hold.c.placed_by,
            complaint_hold.c.placed_at,
        )
        .select_from(
            WITH_COMPLAINANT.outerjoin(_TURN, sa.true()).outerjoin(
                complaint_hold, complaint_hold.c.complaint_id == complaint.c.id
            )
        )
        .where(
            complaint.c.erased_at.is_(None),
            sa.or_(complaint.c.historical, complaint.c.recorded_at <= sa.bindparam("before")),
            ended_at <= sa.bindparam("before"),
        )
        .order_by(complaint.c.recorded_at, complaint.c.id)
    )


_ENDED: Final = (_TURN.c.action == sa.any_(sa.bindparam("ends", type_=_TEXTS)), _TURN.c.at)
_PAGES: Final = {
    HistoricalStart.RECEIVED: _page(_ENDED, (_UNTOUCHED, complaint.c.received_at)),
    HistoricalStart.RECORDED: _page(_ENDED, (_UNTOUCHED, complaint.c.recorded_at)),
    HistoricalStart.NEVER: _page(_ENDED),
}
_PLACE: Final = sa.tuple_(complaint.c.recorded_at, complaint.c.id)


class PostgresDueErasures:
    """The `DueErasures` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self,
        *,
        ends: Sequence[str],
        resumes: Sequence[str],
        historical: HistoricalStart,
        before: datetime,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Ended]:
        """Read complaints by their age whose work ended before an instant, and was not resumed since.

        Historical ones that nobody has worked on ended when `historical` says.
        """
        query = _PAGES[historical].limit(limit)
        if after is not None:
            query = query.where(sa.tuple_(*map(sa.literal, after)) < _PLACE)
        given = {"turns": [*ends, *resumes], "ends": list(ends), "before": before}
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query, given)).all()
        return [
            Ended(complaint_of(row), row.ended_at, None if row.placed_at is None else hold_of(row))
            for row in rows
        ]

    async def forget_reads(self, *, before: datetime) -> int:
        """Forget who was shown personal data before an instant; tell how many records that were."""
        async with self._engine.begin() as connection:
            return (await connection.execute(_OLD_READS, {"before": before})).rowcount
