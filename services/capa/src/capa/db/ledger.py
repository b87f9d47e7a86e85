"""Counts complaints as they stand, for charts; nothing is locked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.signal_rows import frozen_of
from capa.db.tables import (
    COUNTS,
    chart_limits,
    chart_phase,
    complaint,
    exposure,
    site_exposure,
)
from capa.domain.severity import Severity
from capa.domain.signals.charting import Frozen
from capa.domain.signals.evidence import Came
from capa.domain.signals.periods import Length
from capa.domain.signals.watch import ALL, NO_SITE
from capa.usecases.signal_ports import Place, Stratum, Tally

# Triage takes a complaint up once, when it is admitted: that is when it was added to the ledger.
_TALLIES: Final = sa.text(f"""
SELECT c.product, c.category,
       CASE WHEN CAST(:per_site AS boolean) THEN coalesce(c.site, '{NO_SITE}') ELSE '{ALL}' END AS site,
       date_trunc(:length, c.received_at, :zone) AS begins_at,
       count(*) AS number, max(d.decided_at) AS last_added_at
  FROM complaint c JOIN triage_decision d ON d.complaint_id = c.id AND d.ordinal = 1
 WHERE c.received_at >= CAST(:since AS timestamptz) AND c.received_at < CAST(:until AS timestamptz)
   AND coalesce(c.ended, '') NOT IN ('rejected', 'linked')
 GROUP BY 1, 2, 3, begins_at
""")  # noqa: S608 - words of our own
_SITE: Final = sa.func.coalesce(complaint.c.site, NO_SITE)


class PostgresLedger:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def tallies(
        self, since: datetime, until: datetime, length: Length, zone: str, *, per_site: bool
    ) -> Sequence[Tally]:
        """Count complaints by stratum and period."""
        values = {"since": since, "until": until, "length": length.value, "zone": zone, "per_site": per_site}
        return [
            Tally((row.product, row.category, row.site), row.begins_at, row.number, row.last_added_at)
            for row in await self._all(_TALLIES, **values)
        ]

    async def came(
        self, strata: Sequence[Stratum], since: datetime, until: datetime
    ) -> Mapping[Stratum, Sequence[Came]]:
        """Tell when the complaints of these strata came, in the order of time."""
        if not strata:
            return {}
        columns = [sa.cast(list(values), pg.ARRAY(sa.Text)) for values in zip(*strata, strict=True)]
        named = sa.func.unnest(*columns).table_valued("product", "category", "site").render_derived("stratum")
        query = (
            sa.select(
                complaint.c.product,
                complaint.c.category,
                named.c.site,
                complaint.c.severity,
                complaint.c.received_at,
            )
            .join(
                named,
                sa.and_(
                    complaint.c.product == named.c.product,
                    complaint.c.category == named.c.category,
                    named.c.site.in_([ALL, _SITE]),
                ),
            )
            .where(COUNTS, complaint.c.received_at.between(since, until))
            .order_by(complaint.c.received_at)
        )
        found: dict[Stratum, list[Came]] = defaultdict(list)
        for row in await self._all(query):
            found[row.product, row.category, row.site].append(Came(row.received_at, Severity(row.severity)))
        return found

    async def strata(self, since: datetime, *, per_site: bool) -> Sequence[Stratum]:
        """List the strata of complaints received since."""
        site = _SITE if per_site else sa.literal(ALL, sa.Text)
        query = (
            sa.select(complaint.c.product, complaint.c.category, site.label("site"))
            .where(COUNTS, complaint.c.received_at >= since)
            .distinct()
        )
        return [(row.product, row.category, row.site) for row in await self._all(query)]

    async def exposures(
        self, unit: str, since: date, *, per_site: bool
    ) -> Mapping[tuple[str, str], Mapping[tuple[date, date], float]]:
        """Give the spans and units that end after a day: those of each product, or those of each of its sites."""
        given = site_exposure if per_site else exposure
        query = sa.select(given).where(given.c.unit == unit, given.c.next_day > since)
        found: dict[tuple[str, str], dict[tuple[date, date], float]] = defaultdict(dict)
        for row in await self._all(query):
            site = row.site if per_site else ALL
            found[row.product, site][row.first_day, row.next_day] = float(row.units)
        return found

    async def frozen(self) -> Mapping[Place, Sequence[Frozen]]:
        """Give the limits of every chart."""
        found: dict[Place, list[Frozen]] = defaultdict(list)
        for row in await self._all(sa.select(chart_limits)):
            found[row.watch, row.product, row.category, row.site].append(frozen_of(row))
        return found

    async def phases(self) -> Mapping[Place, tuple[int, datetime]]:
        """Give the present phase and its begin for every chart that had more than one."""
        rows = await self._all(sa.select(chart_phase).order_by(chart_phase.c.phase))
        return {(row.watch, row.product, row.category, row.site): (row.phase, row.begins_at) for row in rows}

    async def _all(self, query: sa.Executable, **values: Any) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            return (await connection.execute(query, values)).all()
