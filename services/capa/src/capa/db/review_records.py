"""Reads what a management review shows beside indicators; nothing is locked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.signal_rows import signal_of
from capa.db.tables import COUNTS, action, complaint, signal
from capa.domain.signals.periods import Length, following, period_of
from capa.domain.signals.signal import Signal
from capa.usecases.indicators import Products
from capa.usecases.management_review import Bin, Late
from quality.indicators import Span

_LATCHED: Final = ("raised", "confirmed")


class PostgresReviewRecords:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def bins(self, span: Span, products: Products, length: Length, zone: str) -> Sequence[Bin]:
        """Count complaints received in a span, bin by bin."""
        begins_at = sa.func.date_trunc(length.value, complaint.c.received_at, zone).label("begins_at")
        query = (
            sa.select(begins_at, sa.func.count().label("number"))
            .where(
                COUNTS,
                complaint.c.received_at >= span.begins_at,
                complaint.c.received_at < span.ends_at,
                *_of(complaint.c.product, products),
            )
            .group_by(sa.text("1"))
        )
        numbers = {row.begins_at: row.number for row in await self._all(query)}
        period, found = period_of(span.begins_at, length, ZoneInfo(zone)), []
        while period.begins_at < span.ends_at:
            found.append(Bin(period.first_day.isoformat(), numbers.get(period.begins_at, 0)))
            period = following(period, length, ZoneInfo(zone))
        return found

    async def signals_in(self, span: Span, products: Products, limit: int) -> Sequence[Signal]:
        """Read signals raised in a span, or latched when it began; the newest first."""
        query = (
            sa.select(signal)
            .where(
                signal.c.raised_at < span.ends_at,
                sa.or_(
                    signal.c.raised_at >= span.begins_at,
                    signal.c.state.in_(_LATCHED),
                    signal.c.cleared_at >= span.begins_at,
                ),
                *_of(signal.c.product, products),
            )
            .order_by(signal.c.raised_at.desc(), signal.c.id)
            .limit(limit)
        )
        return [signal_of(row) for row in await self._all(query)]

    async def late(self, at: datetime, products: Products, limit: int) -> Sequence[Late]:
        """Read actions that were open and past their due instant then."""
        ended = sa.func.coalesce(action.c.completed_at, action.c.cancelled_at)
        query = (
            sa.select(action)
            .where(
                action.c.given_at < at,
                action.c.due_at < at,
                sa.or_(ended.is_(None), ended >= at),
                *_of(action.c.product, products),
            )
            .order_by(action.c.due_at, action.c.id)
            .limit(limit)
        )
        return [
            Late(row.number, row.title, row.owner, row.team, row.due_at, row.due_changes)
            for row in await self._all(query)
        ]

    async def _all(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
        return rows


def _of(column: sa.Column[Any], products: Products) -> list[sa.ColumnElement[bool]]:
    return [] if products is None else [column.in_(sorted(products))]
