"""Every history of people, page by page, to be verified."""

from collections.abc import AsyncIterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.verify_history import Step
from notifier.db.people import entry_of
from notifier.db.tables import HISTORY, PERSON

AT_ONCE: Final = 2_000
"""How many entries are read at once; no transaction is open between two pages."""

# In the order of bytes, as files of anchors are compared, whatever the database's own order of letters.
_ID: Final = PERSON.c.id.collate("C")
_POSITION: Final = sa.func.coalesce(HISTORY.c.position, 0)
_STEPS: Final = (
    sa.select(PERSON.c.id, HISTORY)
    .select_from(PERSON.outerjoin(HISTORY, HISTORY.c.person_id == PERSON.c.id))
    .order_by(_ID, HISTORY.c.position)
    .limit(AT_ONCE)
)


class PostgresHistories:
    """Reads histories by the people's ids, each from its start."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, reference: str | None) -> AsyncIterator[Step]:
        """Give every step, or those of one person by the id."""
        query = _STEPS if reference is None else _STEPS.where(PERSON.c.id == reference)
        after: tuple[str, int] | None = None
        while True:
            page = query
            if after is not None:
                beyond = sa.and_(PERSON.c.id == after[0], after[1] < _POSITION)
                page = page.where(sa.or_(sa.literal(after[0]) < _ID, beyond))
            async with self._engine.connect() as connection:
                rows = (await connection.execute(page)).all()
            for row in rows:
                yield Step(row.id, row.id, None if row.position is None else entry_of(row))
            if len(rows) < AT_ONCE:
                return
            after = (rows[-1].id, rows[-1].position or 0)
