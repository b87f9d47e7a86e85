"""Reads what a management review shows beside indicators; nothing is locked."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.signal_rows import signal_of
from capa.db.tables import COUNTS, action, complaint, corrective_case, nonconformity, signal
from capa.domain.review.correcting import UNASSESSED
from capa.domain.review.values import Bin, CaseNumbers, Late, Load, NonconformityFigures
from capa.domain.signals.periods import Length, following, period_of
from capa.domain.signals.signal import Signal
from capa.usecases.indicators import Products
from quality.indicators import Span

_LATCHED: Final = ("raised", "confirmed")
_CHECKS: Final = sa.text("""
SELECT review->>'result' AS result, count(*) AS number
  FROM corrective_case, jsonb_array_elements(body->'reviews') AS review
 WHERE CAST(review->>'reviewed_at' AS timestamptz) >= :begins_at
   AND CAST(review->>'reviewed_at' AS timestamptz) < :ends_at
   AND (CAST(:products AS text[]) IS NULL OR product = ANY(CAST(:products AS text[])))
 GROUP BY 1 ORDER BY 1
""")


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
                _open(action.c.given_at, ended, at),
                action.c.due_at < at,
                *_of(action.c.product, products),
            )
            .order_by(action.c.due_at, action.c.id)
            .limit(limit)
        )
        return [
            Late(row.number, row.title, row.owner, row.team, row.due_at, row.due_changes)
            for row in await self._all(query)
        ]

    async def nonconformities_in(self, span: Span, products: Products) -> NonconformityFigures:
        """Count nonconformities, those raised by where they were noticed."""
        raised_at, closed_at = nonconformity.c.raised_at, nonconformity.c.closed_at
        query = (
            sa.select(
                nonconformity.c.origin,
                _count(_in(raised_at, span)).label("raised"),
                _count(_in(closed_at, span)).label("closed"),
                _count(_open(raised_at, closed_at, span.ends_at)).label("open"),
            )
            .where(raised_at < span.ends_at, *_of(nonconformity.c.product, products))
            .group_by(nonconformity.c.origin)
            .order_by(nonconformity.c.origin)
        )
        rows = await self._all(query)
        return NonconformityFigures(
            raised={row.origin: row.raised for row in rows},
            closed=sum(row.closed for row in rows),
            open=sum(row.open for row in rows),
        )

    async def cases_in(self, span: Span, products: Products) -> CaseNumbers:
        """Count cases, and the checks of the effect that they hold."""
        case = corrective_case.c
        risk = sa.func.coalesce(case.risk, UNASSESSED).label("risk")
        query = (
            sa.select(
                case.state,
                risk,
                _count(_in(case.requested_at, span)).label("requested"),
                _count(_in(case.closed_at, span)).label("ended"),
                _count(_open(case.requested_at, case.closed_at, span.ends_at)).label("open"),
            )
            .where(case.requested_at < span.ends_at, *_of(case.product, products))
            .group_by(case.state, risk)
            .order_by(case.state, risk)
        )
        rows = await self._all(query)
        ended: Counter[str] = Counter()
        risks: Counter[str] = Counter()
        for row in rows:
            ended[row.state] += row.ended
            risks[row.risk] += row.open
        return CaseNumbers(
            requested=sum(row.requested for row in rows),
            ended=dict(ended),
            risk=dict(risks),
            checks=await self._checks(span, products),
        )

    async def _checks(self, span: Span, products: Products) -> dict[str, int]:
        rows = await self._all(
            _CHECKS,
            begins_at=span.begins_at,
            ends_at=span.ends_at,
            products=None if products is None else sorted(products),
        )
        return {row.result: row.number for row in rows}

    async def loads(self, at: datetime, products: Products, limit: int) -> Sequence[Load]:
        """Count open actions by owner, or else by team."""
        ended = sa.func.coalesce(action.c.completed_at, action.c.cancelled_at)
        who = sa.func.coalesce(action.c.owner, action.c.team).label("who")
        query = (
            sa.select(who, sa.func.count().label("open"), _count(action.c.due_at < at).label("overdue"))
            .where(_open(action.c.given_at, ended, at), *_of(action.c.product, products))
            .group_by(who)
            .order_by(sa.text("2 DESC"), who)
            .limit(limit)
        )
        return [Load(row.who, row.open, row.overdue) for row in await self._all(query)]

    async def _all(self, query: sa.Executable, **values: Any) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query, values)).all()
        return rows


def _in(column: sa.ColumnElement[Any], span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(column >= span.begins_at, column < span.ends_at)


def _open(begun: sa.ColumnElement[Any], ended: sa.ColumnElement[Any], at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(begun < at, sa.or_(ended.is_(None), ended >= at))


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count().filter(condition)


def _of(column: sa.Column[Any], products: Products) -> list[sa.ColumnElement[bool]]:
    return [] if products is None else [column.in_(sorted(products))]
