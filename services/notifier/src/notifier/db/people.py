"""People in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from common import history
from common.history import Entry
from common.page import Page
from notifier.db.tables import HISTORY, PERSON
from notifier.domain.person import Person, Webhook
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

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, person_id: str) -> Person | None:
        """Read a person."""
        found = await self._connection.execute(sa.select(PERSON).where(PERSON.c.id == person_id))
        return _maybe_person(found.first())

    async def lock(self, person_id: str) -> Person | None:
        """Read a person and keep others from changing the record until the transaction ends."""
        query = sa.select(PERSON).where(PERSON.c.id == person_id).with_for_update()
        return _maybe_person((await self._connection.execute(query)).first())

    async def lock_many(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Lock those that exist, in one order for all transactions."""
        ids = sa.any_(sa.cast(sorted(set(person_ids)), pg.ARRAY(sa.Text)))
        query = sa.select(PERSON).where(PERSON.c.id == ids).order_by(PERSON.c.id).with_for_update()
        return {row.id: _person(row) for row in await self._connection.execute(query)}

    async def with_managers(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Read people, their managers and the managers of those."""
        rows = await self._connection.execute(_WITH_MANAGERS, {"ids": sorted(set(person_ids))})
        return {row.id: _person(row) for row in rows}

    async def insert(self, person: Person) -> bool:
        """Add a person; tell whether the id was free."""
        query = pg.insert(PERSON).values(_values(person)).on_conflict_do_nothing().returning(PERSON.c.id)
        return (await self._connection.execute(query)).first() is not None

    async def save(self, person: Person) -> None:
        """Replace a person that is locked."""
        await self._connection.execute(
            sa.update(PERSON).where(PERSON.c.id == person.id).values(_values(person))
        )

    async def page(self, wanted: PersonFilter, after: Sequence[str] | None, limit: int) -> Page[Person]:
        """List by id."""
        query = sa.select(PERSON).order_by(PERSON.c.id).limit(limit + 1)
        for column, value in (("team", wanted.team), ("manager", wanted.manager), ("active", wanted.active)):
            if value is not None:
                query = query.where(PERSON.c[column] == value)
        if after is not None:
            query = query.where(PERSON.c.id > after[0])
        people = tuple(_person(row) for row in await self._connection.execute(query))
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


def _maybe_person(row: Any) -> Person | None:
    return None if row is None else _person(row)


def _person(row: Any) -> Person:
    webhook = None
    if row.webhook_url is not None:
        webhook = Webhook(
            url=row.webhook_url,
            secret=row.webhook_secret,
            previous_secret=row.webhook_previous_secret,
            previous_until=row.webhook_previous_until,
            disabled_at=row.webhook_disabled_at,
            disabled_reason=row.webhook_disabled_reason,
        )
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        webhook=webhook,
        manager=row.manager,
        team=row.team,
        timezone=row.timezone,
        active=row.active,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _values(person: Person) -> dict[str, Any]:
    webhook = person.webhook
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "webhook_url": webhook.url if webhook else None,
        "webhook_secret": webhook.secret if webhook else None,
        "webhook_previous_secret": webhook.previous_secret if webhook else None,
        "webhook_previous_until": webhook.previous_until if webhook else None,
        "webhook_disabled_at": webhook.disabled_at if webhook else None,
        "webhook_disabled_reason": webhook.disabled_reason if webhook else None,
        "manager": person.manager,
        "team": person.team,
        "timezone": person.timezone,
        "active": person.active,
        "version": person.version,
        "created_at": person.created_at,
        "updated_at": person.updated_at,
    }


def entry_of(row: Any) -> Entry:
    """Read one entry of a history."""
    return Entry(row.position, row.at, row.actor, row.action, row.changes, row.reason, row.previous, row.hash)
