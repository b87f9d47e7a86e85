"""Reads of personal data as rows: one for each answer, with the complaints that it showed as an array."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from common.page import Page
from intake.db.complaints import find_id
from intake.db.tables import personal_read
from intake.usecases.personal_reads import PersonalRead

_ADD: Final = sa.insert(personal_read)


class PostgresPersonalReads:
    """The `PersonalReads` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, read: PersonalRead) -> None:
        """Write one down."""
        values = {
            "id": read.id,
            "at": read.at,
            "actor": read.actor,
            "key_id": read.key_id,
            "operation": read.operation,
            "complaints": list(read.complaints),
        }
        async with self._engine.begin() as connection:
            await connection.execute(_ADD, values)

    async def page(
        self, reference: str, *, within: str | None, after: tuple[str, ...] | None, limit: int
    ) -> Page[PersonalRead]:
        """List those of one complaint, the newest first; raises NoSuchComplaint."""
        async with self._engine.connect() as connection:
            complaint_id = await find_id(connection, reference, within)
            wanted = sa.literal([complaint_id], pg.ARRAY(sa.Uuid))
            query = sa.select(personal_read).where(personal_read.c.complaints.contains(wanted))
            if after is not None:
                mark = sa.tuple_(sa.literal(datetime.fromisoformat(after[0])), sa.literal(UUID(after[1])))
                query = query.where(sa.tuple_(personal_read.c.at, personal_read.c.id) < mark)
            query = query.order_by(personal_read.c.at.desc(), personal_read.c.id.desc()).limit(limit + 1)
            rows = (await connection.execute(query)).all()
        items = tuple(_read_of(row) for row in rows[:limit])
        if len(rows) <= limit:
            return Page(items)
        return Page(items, (items[-1].at.isoformat(), str(items[-1].id)))


def _read_of(row: Any) -> PersonalRead:
    return PersonalRead(
        id=row.id,
        at=row.at,
        actor=row.actor,
        key_id=row.key_id,
        operation=row.operation,
        complaints=tuple(row.complaints),
    )
