"""Reads what indicators are computed from; nothing is locked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.sites import of_sites
from capa.db.tables import (
    COUNTS,
    action,
    case_nonconformity,
    complaint,
    corrective_case,
    exposure,
    nonconformity,
    nonconformity_complaint,
    signal,
    site_exposure,
    triage_decision,
)
from capa.domain.severity import Severity
from capa.domain.signals.exposure import Unit
from capa.usecases.indicators import CostPile, Pile, Products, Sites, UnitsOf
from quality.indicators import ActionRecord, ComplaintRecord, SignalRecord, Span

_FIRST_DECISION = sa.and_(triage_decision.c.complaint_id == complaint.c.id, triage_decision.c.ordinal == 1)
_LINKED = sa.exists().where(nonconformity_complaint.c.complaint_id == complaint.c.id)


class PostgresFigureRecords:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def complaints(
        self, span: Span, products: Products, sites: Sites = None
    ) -> Sequence[ComplaintRecord]:
        """Read complaints that were received or triaged in a span."""
        query = (
            sa.select(
                complaint.c.received_at,
                triage_decision.c.decided_at,
                complaint.c.historical,
                _LINKED.label("linked"),
                COUNTS.label("counts"),
            )
            .join(triage_decision, _FIRST_DECISION)
            .where(
                sa.or_(_in(complaint.c.received_at, span), _in(triage_decision.c.decided_at, span)),
                *_of(complaint.c.product, products),
                *_of(complaint.c.site, sites),
            )
        )
        return [
            ComplaintRecord(row.received_at, row.decided_at, row.historical, row.linked, counts=row.counts)
            for row in await self._all(query)
        ]

    async def actions(self, span: Span, products: Products, sites: Sites = None) -> Sequence[ActionRecord]:
        """Read actions that could matter to a span."""
        ended_before = sa.or_(action.c.completed_at < span.begins_at, action.c.cancelled_at < span.begins_at)
        query = sa.select(action).where(
            action.c.given_at < span.ends_at,
            sa.or_(
                sa.not_(sa.func.coalesce(ended_before, sa.false())),
                _in(action.c.due_at, span),
                _in(action.c.original_due_at, span),
            ),
            *_of(action.c.product, products),
            *_for_sites(sites),
        )
        return [
            ActionRecord(
                row.given_at,
                row.original_due_at,
                row.due_at,
                row.due_changes,
                row.completed_at,
                row.cancelled_at,
            )
            for row in await self._all(query)
        ]

    async def signals(self, span: Span, products: Products, sites: Sites = None) -> Sequence[SignalRecord]:
        """Read signals that were raised or decided in a span."""
        query = sa.select(signal.c.raised_at, signal.c.decided_at, signal.c.nonconformity_id).where(
            sa.or_(_in(signal.c.raised_at, span), _in(signal.c.decided_at, span)),
            *_of(signal.c.product, products),
            *_of(signal.c.site, sites),
        )
        return [
            SignalRecord(row.raised_at, row.decided_at, row.nonconformity_id is not None)
            for row in await self._all(query)
        ]

    async def nonconformities(self, span: Span, products: Products, sites: Sites = None) -> int:
        """Count nonconformities that were raised in a span."""
        query = sa.select(sa.func.count().label("number")).where(
            _in(nonconformity.c.raised_at, span),
            *_of(nonconformity.c.product, products),
            *([] if sites is None else [nonconformity.c.id.in_(of_sites(sites))]),
        )
        (row,) = await self._all(query)
        return int(row.number)

    async def piles(
        self, span: Span, products: Products, sites: Sites = None, *, apart: bool = False
    ) -> Sequence[Pile]:
        """Count complaints received in a span by product, category and severity; `apart`, by site as well."""
        told = [complaint.c.product, complaint.c.category, complaint.c.severity]
        if apart:
            told.append(complaint.c.site)
        query = (
            sa.select(*told, sa.func.count().label("number"))
            .where(
                COUNTS,
                _in(complaint.c.received_at, span),
                *_of(complaint.c.product, products),
                *_of(complaint.c.site, sites),
            )
            .group_by(*told)
        )
        return [
            Pile(
                row.product,
                row.category,
                Severity(row.severity),
                row.number,
                row.site if apart else None,
            )
            for row in await self._all(query)
        ]

    async def costs(self, span: Span, products: Products) -> Sequence[CostPile]:
        """Add up what actions cost by the product and category of what they belong to, and by currency."""
        at = sa.func.coalesce(action.c.completed_at, action.c.cancelled_at, action.c.given_at)
        parents = sa.union_all(
            sa.select(nonconformity.c.id, nonconformity.c.category),
            sa.select(corrective_case.c.id, corrective_case.c.category),
        ).subquery()
        currency, amount = action.c.cost["currency"].astext, action.c.cost["amount"].astext
        told = (action.c.product, parents.c.category, currency.label("currency"))
        query = (
            sa.select(
                *told,
                sa.func.count().label("actions"),
                sa.func.sum(sa.cast(amount, sa.Numeric)).label("amount"),
            )
            .join(parents, parents.c.id == action.c.parent_id)
            .where(action.c.cost.is_not(None), _in(at, span), *_of(action.c.product, products))
            .group_by(action.c.product, parents.c.category, sa.text("3"))
        )
        return [
            CostPile(row.product, row.category, row.currency, row.actions, row.amount)
            for row in await self._all(query)
        ]

    async def units(
        self, first: date, then: date, products: Products, sites: Sites = None
    ) -> Mapping[UnitsOf, float]:
        """Add up the units of each kind whose figures cover all these days, of products or of these sites of them."""
        given = exposure if sites is None else site_exposure
        query = sa.select(given).where(
            given.c.first_day < then, given.c.next_day > first, *_of(given.c.product, products)
        )
        if sites is not None:
            query = query.where(*_of(given.c.site, sites))
        days: dict[UnitsOf, int] = defaultdict(int)
        units: dict[UnitsOf, float] = defaultdict(float)
        for row in await self._all(query):
            place = (row.product, None if sites is None else row.site, Unit(row.unit))
            shared = (min(row.next_day, then) - max(row.first_day, first)).days
            days[place] += shared
            units[place] += row.units * shared / (row.next_day - row.first_day).days
        return {place: number for place, number in units.items() if days[place] == (then - first).days}

    async def _all(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
        return rows


def _in(column: sa.ColumnElement[Any], span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(column >= span.begins_at, column < span.ends_at)


def _of(column: sa.Column[Any], wanted: frozenset[str] | None) -> list[sa.ColumnElement[bool]]:
    return [] if wanted is None else [column.in_(sorted(wanted))]


def _for_sites(sites: Sites) -> list[sa.ColumnElement[bool]]:
    """Keep the actions for such nonconformities, and for cases that cover one."""
    if sites is None:
        return []
    wanted = of_sites(sites)
    cases = sa.select(case_nonconformity.c.case_id).where(case_nonconformity.c.nonconformity_id.in_(wanted))
    return [action.c.parent_id.in_(sa.union(wanted, cases))]
