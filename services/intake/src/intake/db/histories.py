"""Every history of complaints, page by page, to be verified."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.verify_history import Step
from intake.db.complaints import reference_of
from intake.db.rows import number_text
from intake.db.tables import complaint, complaint_history
from intake.db.traces import ALL_TRACES, TRACED, trace_of

AT_ONCE: Final = 2_000
"""How many entries are read at once; no transaction is open between two pages."""

_STEPS: Final = (
    sa.select(complaint.c.id, complaint.c.number, *TRACED)
    .select_from(ALL_TRACES)
    .order_by(complaint.c.id, complaint_history.c.position)
    .limit(AT_ONCE)
)
_PLACE: Final = sa.tuple_(complaint.c.id, sa.func.coalesce(complaint_history.c.position, 0))


class PostgresHistories:
    """Reads histories by the complaints' ids, each from its start."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, reference: str | None) -> AsyncIterator[Step]:
        """Give every step, or those of one complaint; raises NoSuchComplaint for what is neither id nor number."""
        query = _STEPS
        if reference is not None:
            name, value = reference_of(reference)
            query = query.where(complaint.c[name] == value)
        after: tuple[UUID, int] | None = None
        while True:
            page = query
            if after is not None:
                # By the complaint's id first, so that its index is followed, then within the one that was cut.
                page = page.where(complaint.c.id >= after[0]).where(
                    sa.tuple_(sa.literal(after[0]), sa.literal(after[1])) < _PLACE
                )
            async with self._engine.connect() as connection:
                rows = (await connection.execute(page)).all()
            for row in rows:
                trace = None if row.position is None else trace_of(row)
                yield Step(str(row.id), number_text(row.number), trace)
            if len(rows) < AT_ONCE:
                return
            after = (rows[-1].id, rows[-1].position or 0)
