"""Counts complaints as they stand, for charts; nothing is locked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.signal_rows import frozen_of
from capa.db.tables import COUNTS, chart_limits, chart_phase, complaint, exposure
from capa.domain.severity import Severity
from capa.domain.signals.charting import Frozen
from capa.domain.signals.evidence import Came
from capa.domain.signals.periods import Length
from capa.usecases.signal_ports import Pair, Place, Tally

# Triage takes a complaint up once, when it is admitted: that is when it was added to the ledger.
_TALLIES: Final = sa.text("""
SELECT c.product, c.category, date_trunc(:length, c.received_at, :zone) AS begins_at,
       count(*) AS number, max(d.decided_at) AS last_added_at
  FROM complaint c JOIN triage_decision d ON d.complaint_id = c.id AND d.ordinal = 1
 WHERE c.received_at >= CAST(:since AS timestamptz) AND c.received_at < CAST(:until AS timestamptz)
   AND coalesce(c.ended, '') NOT IN ('rejected', 'linked')
 GROUP BY c.product, c.category, begins_at
""")


class PostgresLedger:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def tallies(self, since: datetime, until: datetime, length: Length, zone: str) -> Sequence[Tally]:
        """Count complaints by product, category and period."""
        rows = await self._all(_TALLIES, since=since, until=until, length=length.value, zone=zone)
        return [
            Tally((row.product, row.category), row.begins_at, row.number, row.last_added_at) for row in rows
        ]

    async def came(
        self, pairs: Sequence[Pair], since: datetime, until: datetime
    ) -> Mapping[Pair, Sequence[Came]]:
        """Tell when the complaints of these pairs came, in the order of time."""
        if not pairs:
            return {}
        named = (
            sa.func.unnest(
                sa.cast([product for product, _ in pairs], pg.ARRAY(sa.Text)),
                sa.cast([category for _, category in pairs], pg.ARRAY(sa.Text)),
            )
            .table_valued("product", "category")
            .render_derived("pair")
        )
        query = (
            sa.select(
                complaint.c.product, complaint.c.category, complaint.c.severity, complaint.c.received_at
            )
            .join(
                named,
                sa.and_(complaint.c.product == named.c.product, complaint.c.category == named.c.category),
            )
            .where(COUNTS, complaint.c.received_at.between(since, until))
            .order_by(complaint.c.received_at)
        )
        found: dict[Pair, list[Came]] = defaultdict(list)
        for row in await self._all(query):
            found[row.product, row.category].append(Came(row.received_at, Severity(row.severity)))
        return found

    async def pairs(self, since: datetime) -> Sequence[Pair]:
        """List the products and categories of complaints received since."""
        query = (
            sa.select(complaint.c.product, complaint.c.category)
            .where(COUNTS, complaint.c.received_at >= since)
            .distinct()
        )
        return [(row.product, row.category) for row in await self._all(query)]

    async def exposures(self, unit: str, since: date) -> Mapping[str, Mapping[tuple[date, date], float]]:
        """Give the spans and units of each product that end after a day."""
        query = sa.select(exposure).where(exposure.c.unit == unit, exposure.c.next_day > since)
        found: dict[str, dict[tuple[date, date], float]] = defaultdict(dict)
        for row in await self._all(query):
            found[row.product][row.first_day, row.next_day] = float(row.units)
        return found

    async def frozen(self) -> Mapping[Place, Sequence[Frozen]]:
        """Give the limits of every chart."""
        found: dict[Place, list[Frozen]] = defaultdict(list)
        for row in await self._all(sa.select(chart_limits)):
            found[row.watch, row.product, row.category].append(frozen_of(row))
        return found

    async def phases(self) -> Mapping[Place, tuple[int, datetime]]:
        """Give the present phase and its begin for every chart that had more than one."""
        rows = await self._all(sa.select(chart_phase).order_by(chart_phase.c.phase))
        return {(row.watch, row.product, row.category): (row.phase, row.begins_at) for row in rows}

    async def _all(self, query: sa.Executable, **values: Any) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            return (await connection.execute(query, values)).all()
