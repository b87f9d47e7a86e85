"""The next line of a thing's history."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db.rows import entry_of, following, row_of_entry
from capa.db.tables import history
from capa.usecases.chronicle import Change

_LAST = (
    sa.select(history)
    .where(history.c.thing_id == sa.bindparam("thing"))
    .order_by(history.c.position.desc())
    .limit(1)
)
_ADD = sa.insert(history)


async def append(connection: AsyncConnection, thing_id: UUID, change: Change) -> None:
    """Chain a change to a thing whose row is locked, so that its last line stays the last one until then."""
    row = (await connection.execute(_LAST, {"thing": thing_id})).first()
    entry = following(None if row is None else entry_of(row), change)
    await connection.execute(_ADD, row_of_entry(thing_id, entry))
