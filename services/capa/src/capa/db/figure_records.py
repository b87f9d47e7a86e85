"""Reads what indicators are computed from; nothing is locked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.tables import (
    COUNTS,
    action,
    complaint,
    corrective_case,
    exposure,
    nonconformity,
    nonconformity_complaint,
    signal,
    triage_decision,
)
from capa.domain.severity import Severity
from capa.domain.signals.exposure import Unit
from capa.usecases.indicators import CostPile, Pile, Products
from quality.indicators import ActionRecord, ComplaintRecord, SignalRecord, Span

_FIRST_DECISION = sa.and_(triage_decision.c.complaint_id == complaint.c.id, triage_decision.c.ordinal == 1)
_LINKED = sa.exists().where(nonconformity_complaint.c.complaint_id == complaint.c.id)


class PostgresFigureRecords:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def complaints(self, span: Span, products: Products) -> Sequence[ComplaintRecord]:
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
            )
        )
        return [
            ComplaintRecord(row.received_at, row.decided_at, row.historical, row.linked, counts=row.counts)
            for row in await self._all(query)
        ]

    async def actions(self, span: Span, products: Products) -> Sequence[ActionRecord]:
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

    async def signals(self, span: Span, products: Products) -> Sequence[SignalRecord]:
        """Read signals that were raised or decided in a span."""
        query = sa.select(signal.c.raised_at, signal.c.decided_at, signal.c.nonconformity_id).where(
            sa.or_(_in(signal.c.raised_at, span), _in(signal.c.decided_at, span)),
            *_of(signal.c.product, products),
        )
        return [
            SignalRecord(row.raised_at, row.decided_at, row.nonconformity_id is not None)
            for row in await self._all(query)
        ]

    async def nonconformities(self, span: Span, products: Products) -> int:
        """Count nonconformities that were raised in a span."""
        query = sa.select(sa.func.count().label("number")).where(
            _in(nonconformity.c.raised_at, span), *_of(nonconformity.c.product, products)
        )
        (row,) = await self._all(query)
        return int(row.number)

    async def piles(self, span: Span, products: Products) -> Sequence[Pile]:
        """Count complaints received in a span by product, category and severity."""
        told = (complaint.c.product, complaint.c.category, complaint.c.severity)
        query = (
            sa.select(*told, sa.func.count().label("number"))
            .where(COUNTS, _in(complaint.c.received_at, span), *_of(complaint.c.product, products))
            .group_by(*told)
        )
        return [
            Pile(row.product, row.category, Severity(row.severity), row.number)
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

    async def units(self, first: date, then: date, products: Products) -> Mapping[tuple[str, Unit], float]:
        """Add up the units of each product and kind whose figures cover all these days."""
        query = sa.select(exposure).where(
            exposure.c.first_day < then, exposure.c.next_day > first, *_of(exposure.c.product, products)
        )
        days: dict[tuple[str, Unit], int] = defaultdict(int)
        units: dict[tuple[str, Unit], float] = defaultdict(float)
        for row in await self._all(query):
            shared = (min(row.next_day, then) - max(row.first_day, first)).days
            days[row.product, Unit(row.unit)] += shared
            units[row.product, Unit(row.unit)] += row.units * shared / (row.next_day - row.first_day).days
        return {place: number for place, number in units.items() if days[place] == (then - first).days}

    async def _all(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
        return rows


def _in(column: sa.ColumnElement[Any], span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(column >= span.begins_at, column < span.ends_at)


def _of(column: sa.Column[Any], products: Products) -> list[sa.ColumnElement[bool]]:
    return [] if products is None else [column.in_(sorted(products))]
