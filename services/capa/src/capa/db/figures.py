"""Counts what is open, for the gauges."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.usecases.figures import AGE_CLASSES, Figures, OpenActions, OpenCases, OpenNonconformities

# The oldest class is the first place.
_NONCONFORMITIES = sa.text("""
SELECT product, severity, width_bucket(raised_at, CAST(:limits AS timestamptz[])) AS place,
       count(*) AS number, min(raised_at) AS oldest
  FROM nonconformity WHERE state = 'open' GROUP BY product, severity, place
""")
_ACTIONS = sa.text("""
SELECT kind, team, due_at < CAST(:now AS timestamptz) AS overdue, count(*) AS number
  FROM action WHERE state = 'open' GROUP BY kind, team, overdue
""")
_SIGNALS = sa.text("""
SELECT state, count(*) AS number FROM signal WHERE state IN ('raised', 'confirmed') GROUP BY state
""")
_CASES = sa.text("""
SELECT state, coalesce(next_due_at < CAST(:now AS timestamptz), false) AS overdue, count(*) AS number
  FROM corrective_case WHERE state NOT IN ('rejected', 'closed_effective', 'cancelled') GROUP BY state, overdue
""")


class PostgresFigures:
    """Reads with one connection of the engine's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, now: datetime) -> Figures:
        """Count; age and overdue are judged at `now`."""
        limits = [now - limit for _, limit in AGE_CLASSES[-2::-1]]
        async with self._engine.connect() as connection:
            raised = (await connection.execute(_NONCONFORMITIES, {"limits": limits})).all()
            worked_on = (await connection.execute(_CASES, {"now": now})).all()
            given = (await connection.execute(_ACTIONS, {"now": now})).all()
            latched = (await connection.execute(_SIGNALS)).all()
        oldest_first = [name for name, _ in reversed(AGE_CLASSES)]
        return Figures(
            [
                OpenNonconformities(row.product, row.severity, oldest_first[row.place], row.number)
                for row in raised
            ],
            [OpenActions(row.kind, row.team, row.overdue, row.number) for row in given],
            [OpenCases(row.state, row.overdue, row.number) for row in worked_on],
            min((row.oldest for row in raised), default=None),
            {row.state: row.number for row in latched},
        )
