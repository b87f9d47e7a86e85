"""Counts overdue clocks, for the gauge."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.domain.clocks.rule import Kind

_OVERDUE = sa.text("""
SELECT kind, count(*) AS number FROM complaint_clock
 WHERE state = 'running' AND due_at < CAST(:now AS timestamptz) GROUP BY kind
""")


class PostgresOverdueClocks:
    """Reads with one connection of the engine's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, now: datetime) -> Mapping[Kind, int]:
        """Count by kind."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(_OVERDUE, {"now": now})
            return {Kind(row.kind): row.number for row in rows}
