"""What stands in the records, page by page, to be told again."""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db.rows import action_of, case_of, decision_of, entry_of, nonconformity_of
from capa.db.signal_rows import signal_of
from capa.db.tables import (
    action,
    complaint,
    corrective_case,
    history,
    nonconformity,
    nonconformity_complaint,
    signal,
    triage_decision,
)
from capa.domain.case.case import Case
from capa.domain.nonconformity import Nonconformity
from capa.domain.signals.signal import Signal
from capa.domain.triage import Decision
from capa.usecases.ports import Link, Scope, StandingAction
from common.history import Entry

_COMPLAINT: Final = [
    column.label(f"complaint_{column.name}") for column in complaint.c if column.name != "id"
]
# Decisions are never changed, and neither are the names of what they lead to.
_DECISIONS: Final = sa.select(triage_decision, *_COMPLAINT).join(
    complaint, complaint.c.id == triage_decision.c.complaint_id
)
_LINKS: Final = (
    sa.select(
        nonconformity_complaint,
        complaint.c.number.label("complaint_number"),
    )
    .join(complaint, complaint.c.id == nonconformity_complaint.c.complaint_id)
    .join(nonconformity, nonconformity.c.id == nonconformity_complaint.c.nonconformity_id)
    .where(nonconformity_complaint.c.complaint_id.is_distinct_from(nonconformity.c.origin_complaint_id))
)
_IDS: Final = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))
_HELD: Final = (
    sa.select(nonconformity)
    .where(nonconformity.c.id == sa.any_(_IDS))
    .order_by(nonconformity.c.id)
    .with_for_update(read=True)
)
_STANDING: Final = sa.select(nonconformity).where(nonconformity.c.id == sa.any_(_IDS))


class PostgresStanding:
    """Reads on one transaction's connection; what is read may not change until it ends."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def decisions(self, scope: Scope) -> Sequence[tuple[Decision, Nonconformity | None]]:
        """Read decisions in the order of their ids, each with the nonconformity that it led to."""
        query = _page(_DECISIONS, [triage_decision.c.id], scope)
        if scope.since is not None:
            query = query.where(triage_decision.c.decided_at >= scope.since)
        rows = (await self._connection.execute(query)).all()
        targets = await self._nonconformities(_STANDING, {row.nonconformity_id for row in rows} - {None})
        return [
            (decision_of(row), targets[row.nonconformity_id] if row.nonconformity_id else None)
            for row in rows
        ]

    async def nonconformities(self, scope: Scope) -> Sequence[Nonconformity]:
        """Read nonconformities in the order of their ids."""
        query = _page(sa.select(nonconformity), [nonconformity.c.id], scope).with_for_update(read=True)
        if scope.since is not None:
            query = query.where(_changed_since(nonconformity.c.id, scope))
        return [nonconformity_of(row) for row in await self._connection.execute(query)]

    async def links(self, scope: Scope) -> Sequence[Link]:
        """Read the complaints that were linked to a nonconformity after it was raised, in the order of both ids."""
        keys = [nonconformity_complaint.c.nonconformity_id, nonconformity_complaint.c.complaint_id]
        query = _page(_LINKS, keys, scope)
        if scope.since is not None:
            query = query.where(nonconformity_complaint.c.linked_at >= scope.since)
        rows = (await self._connection.execute(query)).all()
        targets = await self._nonconformities(_HELD, {row.nonconformity_id for row in rows})
        return [
            Link(targets[row.nonconformity_id], row.complaint_id, row.complaint_number, row.linked_at)
            for row in rows
        ]

    async def cases(self, scope: Scope) -> Sequence[Case]:
        """Read cases in the order of their ids."""
        query = _page(sa.select(corrective_case), [corrective_case.c.id], scope).with_for_update(read=True)
        if scope.since is not None:
            query = query.where(_changed_since(corrective_case.c.id, scope))
        return [case_of(row) for row in await self._connection.execute(query)]

    async def actions(self, scope: Scope) -> Sequence[StandingAction]:
        """Read actions in the order of their ids, each with what was done last."""
        query = _page(sa.select(action), [action.c.id], scope).with_for_update(read=True)
        if scope.since is not None:
            query = query.where(_changed_since(action.c.id, scope))
        found = [action_of(row) for row in await self._connection.execute(query)]
        ids = [each.id for each in found]
        last, moved = await self._entries(ids), await self._entries(ids, "due_changed")
        return [StandingAction(each, last[each.id], moved.get(each.id)) for each in found]

    async def signals(self, scope: Scope) -> Sequence[Signal]:
        """Read signals in the order of their ids."""
        query = _page(sa.select(signal), [signal.c.id], scope).with_for_update(read=True)
        if scope.since is not None:
            query = query.where(_changed_since(signal.c.id, scope))
        return [signal_of(row) for row in await self._connection.execute(query)]

    async def _nonconformities(self, statement: sa.Select[Any], ids: set[UUID]) -> dict[UUID, Nonconformity]:
        rows = await self._connection.execute(statement, {"ids": list(ids)})
        return {row.id: nonconformity_of(row) for row in rows}

    async def _entries(
        self, things: Sequence[UUID], step: Literal["due_changed"] | None = None
    ) -> dict[UUID, Entry]:
        """Read the last entry of each thing's history, of all or of one kind of step."""
        query = (
            sa.select(history)
            .ext(pg.distinct_on(history.c.thing_id))
            .where(history.c.thing_id == sa.any_(sa.cast(list(things), pg.ARRAY(sa.Uuid))))
            .order_by(history.c.thing_id, history.c.position.desc())
        )
        if step is not None:
            query = query.where(history.c.action == step)
        return {row.thing_id: entry_of(row) for row in await self._connection.execute(query)}


def _page(query: sa.Select[Any], keys: Sequence[sa.Column[Any]], scope: Scope) -> sa.Select[Any]:
    if scope.after:
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*(sa.literal(key, sa.Uuid) for key in scope.after)))
    return query.order_by(*keys).limit(scope.limit)


def _changed_since(thing: sa.Column[Any], scope: Scope) -> sa.ColumnElement[bool]:
    return (
        sa.select(sa.literal(1))
        .select_from(history)
        .where(history.c.thing_id == thing, history.c.at >= scope.since)
        .exists()
    )
