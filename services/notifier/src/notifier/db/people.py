"""People in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.webhooks.sealing import Sealer
from common import history
from common.history import Entry
from common.page import Page
from notifier.db.person_rows import person_of, values_of
from notifier.db.tables import HISTORY, PERSON
from notifier.domain.person import Person
from notifier.usecases.views import PersonFilter

_WITH_MANAGERS = sa.text("""
WITH RECURSIVE chain (id, manager, height) AS (
    SELECT id, manager, 0 FROM person WHERE id = ANY(CAST(:ids AS text[]))
    UNION
    SELECT person.id, person.manager, height + 1
      FROM chain JOIN person ON person.id = chain.manager WHERE height < 2
)
SELECT person.* FROM person WHERE id IN (SELECT id FROM chain)
""").columns(*PERSON.columns)


class PostgresPeople:
    """The people, each with a history."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def find(self, person_id: str) -> Person | None:
        """Read a person."""
        return await self._one(sa.select(PERSON).where(PERSON.c.id == person_id))

    async def lock(self, person_id: str) -> Person | None:
        """Read a person and keep others from changing the record until the transaction ends."""
        return await self._one(sa.select(PERSON).where(PERSON.c.id == person_id).with_for_update())

    async def lock_many(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Lock those that exist, in one order for all transactions."""
        ids = sa.any_(sa.cast(sorted(set(person_ids)), pg.ARRAY(sa.Text)))
        query = sa.select(PERSON).where(PERSON.c.id == ids).order_by(PERSON.c.id).with_for_update()
        return {row.id: person_of(row, self._sealer) for row in await self._connection.execute(query)}

    async def with_managers(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Read people, their managers and the managers of those."""
        rows = await self._connection.execute(_WITH_MANAGERS, {"ids": sorted(set(person_ids))})
        return {row.id: person_of(row, self._sealer) for row in rows}

    async def insert(self, person: Person) -> bool:
        """Add a person; tell whether the id was free."""
        query = (
            pg.insert(PERSON)
            .values(values_of(person, self._sealer))
            .on_conflict_do_nothing()
            .returning(PERSON.c.id)
        )
        return (await self._connection.execute(query)).first() is not None

    async def save(self, person: Person) -> None:
        """Replace a person that is locked."""
        await self._connection.execute(
            sa.update(PERSON).where(PERSON.c.id == person.id).values(values_of(person, self._sealer))
        )

    async def page(self, wanted: PersonFilter, after: Sequence[str] | None, limit: int) -> Page[Person]:
        """List by id."""
        query = sa.select(PERSON).order_by(PERSON.c.id).limit(limit + 1)
        for column, value in (("team", wanted.team), ("manager", wanted.manager), ("active", wanted.active)):
            if value is not None:
                query = query.where(PERSON.c[column] == value)
        if after is not None:
            query = query.where(PERSON.c.id > after[0])
        people = tuple(person_of(row, self._sealer) for row in await self._connection.execute(query))
        return Page(people[:limit], (people[limit - 1].id,) if len(people) > limit else None)

    async def remember(
        self,
        person_id: str,
        *,
        at: datetime,
        actor: str,
        action: str,
        changes: Mapping[str, object],
        reason: str = "",
    ) -> None:
        """Append to the history of a person whose row is locked."""
        query = (
            sa.select(HISTORY)
            .where(HISTORY.c.person_id == person_id)
            .order_by(HISTORY.c.position.desc())
            .limit(1)
        )
        last = (await self._connection.execute(query)).first()
        entry = history.append(
            entry_of(last) if last else None,
            at=at,
            actor=actor,
            action=action,
            changes=changes,
            reason=reason,
        )
        values = {
            "person_id": person_id,
            "position": entry.position,
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "changes": dict(entry.changes),
            "reason": entry.reason,
            "previous": entry.previous,
            "hash": entry.hash,
        }
        await self._connection.execute(sa.insert(HISTORY).values(values))

    async def history(self, person_id: str) -> tuple[Entry, ...]:
        """Read the whole history, oldest first."""
        query = sa.select(HISTORY).where(HISTORY.c.person_id == person_id).order_by(HISTORY.c.position)
        return tuple(entry_of(row) for row in await self._connection.execute(query))

    async def _one(self, query: sa.Select[Any]) -> Person | None:
        row = (await self._connection.execute(query)).first()
        return None if row is None else person_of(row, self._sealer)


def entry_of(row: Any) -> Entry:
    """Read one entry of a history."""
    return Entry(row.position, row.at, row.actor, row.action, row.changes, row.reason, row.previous, row.hash)
