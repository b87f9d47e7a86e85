"""Every history that capa keeps, page by page, to be verified."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.rows import entry_of
from capa.db.tables import action, corrective_case, history, nonconformity
from chassis.verify_history import Step

AT_ONCE: Final = 2_000
"""How many entries are read at once; no transaction is open between two pages."""

_NUMBERED: Final = (nonconformity, action, corrective_case)
"""The tables of things that have a history, and a number by which people know them."""

_NUMBER: Final = sa.func.coalesce(
    *(
        sa.select(table.c.number).where(table.c.id == history.c.thing_id).scalar_subquery()
        for table in _NUMBERED
    ),
    sa.cast(history.c.thing_id, sa.Text),
).label("number")
# From the table of histories itself, so that whatever has one is verified.
_STEPS: Final = sa.select(history, _NUMBER).order_by(history.c.thing_id, history.c.position).limit(AT_ONCE)
_PLACE: Final = sa.tuple_(history.c.thing_id, history.c.position)
_WITHOUT: Final = sa.union_all(
    *(
        sa.select(table.c.id, table.c.number).where(
            ~sa.exists().where(history.c.thing_id == table.c.id).correlate(table)
        )
        for table in _NUMBERED
    )
)


class PostgresHistories:
    """Reads histories by the things' ids, each from its start, and then names what has none."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, reference: str | None) -> AsyncIterator[Step]:
        """Give every step, or those of one thing by its number."""
        number = None if reference is None else reference.upper()
        query = _STEPS if number is None else _STEPS.where(history.c.thing_id.in_(_named(number)))
        after: tuple[UUID, int] | None = None
        while True:
            page = query if after is None else query.where(sa.tuple_(*map(sa.literal, after)) < _PLACE)
            async with self._engine.connect() as connection:
                rows = (await connection.execute(page)).all()
            for row in rows:
                yield Step(str(row.thing_id), row.number, entry_of(row))
            if len(rows) < AT_ONCE:
                break
            after = (rows[-1].thing_id, rows[-1].position)
        async with self._engine.connect() as connection:
            without = (await connection.execute(_WITHOUT)).all()
        for row in without:
            if number in {None, row.number}:
                yield Step(str(row.id), row.number, None)


def _named(number: str) -> sa.CompoundSelect[tuple[UUID]]:
    return sa.union_all(*(sa.select(table.c.id).where(table.c.number == number) for table in _NUMBERED))
