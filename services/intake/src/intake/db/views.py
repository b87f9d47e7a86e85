"""Reads complaints with what capa made of them: at most five statements for one, and for a page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.page import Page
from intake.db.attached_files import file_of
from intake.db.clock_views import all_clocks, latest_clocks
from intake.db.complaints import WHOLE, WITH_COMPLAINANT, find_id, reference_of
from intake.db.conditions import conditions_of, followed, own_conditions
from intake.db.handlings import handled_of
from intake.db.listing import first_followed
from intake.db.ordering import Order
from intake.db.phrases import search_page
from intake.db.rows import complaint_of
from intake.db.searching import search
from intake.db.tables import (
    action,
    attached_file,
    complaint,
    complaint_history,
    complaint_link,
    nonconformity,
    triage,
)
from intake.db.traces import ALL_TRACES, TRACED, trace_of
from intake.domain.attached_file import AttachedFile, FileState
from intake.domain.errors import NoSuchComplaint
from intake.domain.lifecycle.handling import Handling
from intake.domain.trail import first_break
from intake.usecases.clock_views import ClocksPage
from intake.usecases.views import (
    ActionView,
    ComplaintView,
    Filters,
    HistoryPage,
    NonconformityView,
    Sort,
    TriageView,
)

# Triage says to which nonconformity a complaint belongs; until it has, the nonconformity's own word is taken.
_LINKED: Final = (
    sa.select(complaint_link.c.nonconformity_id)
    .where(complaint_link.c.complaint_id == complaint.c.id)
    .order_by(complaint_link.c.nonconformity_id.desc())
    .limit(1)
    .scalar_subquery()
)
_SELECT: Final = sa.select(
    *WHOLE,
    triage.c.outcome.label("triage_outcome"),
    triage.c.reason.label("triage_reason"),
    triage.c.explanation.label("triage_explanation"),
    triage.c.policy_version.label("triage_policy_version"),
    triage.c.decided_at.label("triage_decided_at"),
    nonconformity.c.id.label("nonconformity_id"),
    nonconformity.c.number.label("nonconformity_number"),
    nonconformity.c.state.label("nonconformity_state"),
    nonconformity.c.updated_at.label("nonconformity_updated_at"),
).select_from(
    WITH_COMPLAINANT.outerjoin(triage, triage.c.complaint_id == complaint.c.id).outerjoin(
        nonconformity, nonconformity.c.id == sa.func.coalesce(triage.c.nonconformity_id, _LINKED)
    )
)
EXPORTED: Final = 500
"""How many complaints of an export are read at once."""
_ACTIONS: Final = (
    sa.select(action)
    .where(action.c.nonconformity_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(action.c.nonconformity_id, action.c.number, action.c.id)
)
_FILES: Final = (
    sa.select(attached_file)
    .where(
        attached_file.c.complaint_id.in_(sa.bindparam("ids", expanding=True)),
        attached_file.c.state == FileState.STORED.value,
    )
    .order_by(attached_file.c.complaint_id, attached_file.c.uploaded_at, attached_file.c.id)
)
_HISTORY: Final = (
    sa.select(*TRACED)
    .select_from(ALL_TRACES)
    .where(complaint_history.c.complaint_id == sa.bindparam("id"))
    .order_by(complaint_history.c.position)
)


class PostgresViews:
    """The `Views` on one engine; each read takes a connection of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, reference: str, *, within: str | None = None) -> ComplaintView:
        """Read one by id or number; raises NoSuchComplaint."""
        return await self._one(_referred(reference, within))

    async def by_identity(self, source_system: str, external_id: str) -> ComplaintView:
        """Read the one that a source knows by this id; raises NoSuchComplaint."""
        return await self._one(
            [complaint.c.source_system == source_system, complaint.c.external_id == external_id]
        )

    async def _one(self, conditions: Sequence[sa.ColumnElement[bool]]) -> ComplaintView:
        async with self._engine.connect() as connection:
            return await _only(connection, conditions)

    async def page(
        self,
        filters: Filters,
        *,
        sort: Sort,
        after: tuple[str, ...] | None,
        limit: int,
        within: str | None = None,
    ) -> Page[ComplaintView]:
        """Read one page, `after` the keys that the page before ended with."""
        order = Order.of(sort)
        conditions = own_conditions(filters, within)
        if after is not None:
            conditions.append(order.after(after))
        beyond: tuple[str, ...] | None = None
        async with self._engine.connect() as connection:
            # No more than the page itself, so that what it joins is read for the page alone.
            if filters.q is not None:
                asked = [*conditions, *followed(filters, singly=True)]
                phrased = await search_page(connection, filters.q, asked, order, limit=limit + 1)
                beyond, conditions = phrased.beyond, [complaint.c.id.in_(phrased.ids)]
            elif filters.triage or filters.has_nonconformity is not None:
                found = await first_followed(connection, filters, conditions, order, limit=limit + 1)
                conditions = [complaint.c.id.in_(found)]
            rows = (
                await connection.execute(_SELECT.where(*conditions).order_by(*order.by).limit(limit + 1))
            ).all()
            views = await _views(connection, rows[:limit])
        return Page(views, beyond) if len(rows) <= limit else Page(views, order.keys(rows[limit - 1]))

    async def export(
        self,
        filters: Filters,
        *,
        sort: Sort,
        after: tuple[str, ...] | None,
        most: int,
        within: str | None = None,
    ) -> AsyncIterator[Page[ComplaintView]]:
        """Give one page or more, `most` complaints in all; the last page has `next_keys` where there are others."""
        if filters.q is not None:
            async for page in self._found(filters, Order.of(sort), after, most=most, within=within):
                yield page
            return
        while True:
            page = await self.page(filters, sort=sort, after=after, limit=min(EXPORTED, most), within=within)
            yield page
            after, most = page.next_keys, most - len(page.items)
            if after is None or most == 0:
                return

    async def _found(
        self, filters: Filters, order: Order, after: tuple[str, ...] | None, *, most: int, within: str | None
    ) -> AsyncIterator[Page[ComplaintView]]:
        # What the words are in is found once: asking for each page anew would read all of it as often.
        conditions = conditions_of(filters, within)
        if after is not None:
            conditions.append(order.after(after))
        async with self._engine.connect() as connection:
            found = await search(connection, filters.q or "", conditions, order, limit=most + 1)
        ends = range(0, max(min(len(found), most), 1), EXPORTED)
        for begin in ends:
            chosen = found[begin : min(begin + EXPORTED, most)]
            query = _SELECT.where(complaint.c.id.in_(chosen)).order_by(*order.by)
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).all()
                views = await _views(connection, rows)
            more = begin + len(chosen) < len(found)
            yield Page(views, order.keys(rows[-1])) if more else Page(views)

    async def history(self, reference: str, *, within: str | None = None) -> HistoryPage:
        """Read a complaint's history and verify it; raises NoSuchComplaint."""
        async with self._engine.connect() as connection:
            return await read_history(connection, await find_id(connection, reference, within))

    async def clocks(self, reference: str, *, within: str | None = None) -> ClocksPage:
        """Read every clock of a complaint, of all its runs; raises NoSuchComplaint."""
        columns = (complaint.c.id, complaint.c.historical)
        async with self._engine.connect() as connection:
            found = await connection.execute(sa.select(*columns).where(*_referred(reference, within)))
            row = found.one_or_none()
            if row is None:
                raise NoSuchComplaint
            return ClocksPage(await all_clocks(connection, row.id), row.historical)


async def read_view(connection: AsyncConnection, reference: str, within: str | None) -> ComplaintView:
    """Read one complaint by id or number; raises NoSuchComplaint."""
    return await _only(connection, _referred(reference, within))


async def _only(connection: AsyncConnection, conditions: Sequence[sa.ColumnElement[bool]]) -> ComplaintView:
    rows = (await connection.execute(_SELECT.where(*conditions))).all()
    if not rows:
        raise NoSuchComplaint
    return (await _views(connection, rows, explained=True))[0]


async def read_history(connection: AsyncConnection, complaint_id: UUID) -> HistoryPage:
    """Read a complaint's history and verify it."""
    rows = (await connection.execute(_HISTORY, {"id": complaint_id})).all()
    traces = tuple(map(trace_of, rows))
    return HistoryPage(traces, first_break(traces), complaint_id)


def _referred(reference: str, within: str | None) -> list[sa.ColumnElement[bool]]:
    name, value = reference_of(reference)
    found = [complaint.c[name] == value]
    return found if within is None else [*found, complaint.c.source_system == within]


async def _views(
    connection: AsyncConnection, rows: Sequence[Any], *, explained: bool = False
) -> tuple[ComplaintView, ...]:
    ids = {row.nonconformity_id for row in rows if row.nonconformity_id is not None}
    actions: dict[UUID, list[ActionView]] = {}
    if ids:
        for row in await connection.execute(_ACTIONS, {"ids": list(ids)}):
            actions.setdefault(row.nonconformity_id, []).append(_action(row))
    files: dict[UUID, list[AttachedFile]] = {}
    if rows:
        for row in await connection.execute(_FILES, {"ids": [row.id for row in rows]}):
            files.setdefault(row.complaint_id, []).append(file_of(row))
    handled = await handled_of(connection, [row.id for row in rows]) if rows else {}
    clocks = await latest_clocks(connection, [row.id for row in rows], explained=explained) if rows else {}
    return tuple(
        replace(_view(row, actions, files, handled[row.id]), clocks=clocks.get(row.id, ())) for row in rows
    )


def _view(
    row: Any,
    actions: dict[UUID, list[ActionView]],
    files: dict[UUID, list[AttachedFile]],
    handled: tuple[Handling, bool],
) -> ComplaintView:
    handling, has_duplicates = handled
    moved = row.nonconformity_updated_at
    return ComplaintView(
        complaint=complaint_of(row),
        updated_at=row.updated_at if moved is None else max(row.updated_at, moved),
        triage=_triage(row),
        nonconformity=_nonconformity(row),
        actions=tuple(actions.get(row.nonconformity_id, ())),
        files=tuple(files.get(row.id, ())),
        handling=handling,
        has_duplicates=has_duplicates,
    )


def _triage(row: Any) -> TriageView | None:
    if row.triage_outcome is None:
        return None
    return TriageView(
        outcome=row.triage_outcome,
        reason=row.triage_reason,
        explanation=row.triage_explanation,
        policy_version=row.triage_policy_version,
        decided_at=row.triage_decided_at,
    )


def _nonconformity(row: Any) -> NonconformityView | None:
    if row.nonconformity_id is None:
        return None
    return NonconformityView(
        id=row.nonconformity_id, number=row.nonconformity_number, state=row.nonconformity_state
    )


def _action(row: Any) -> ActionView:
    return ActionView(
        id=row.id,
        number=row.number,
        kind=row.kind,
        owner=row.owner,
        team=row.team,
        due_at=row.due_at,
        state=row.state,
    )
