"""Counts open imports, for the gauges."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.domain.importing import ImportState
from intake.usecases.open_imports import OpenImports

_OPEN = sa.text("""
SELECT state, count(*) AS number, min(updated_at) AS oldest FROM import_job
 WHERE state IN ('receiving', 'queued', 'running') GROUP BY state
""")


class PostgresOpenImports:
    """Reads with one connection of the engine's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self) -> OpenImports:
        """Count."""
        async with self._engine.connect() as connection:
            rows = {ImportState(row.state): row for row in await connection.execute(_OPEN)}
        working = set(rows) if ImportState.RUNNING not in rows else set(rows) - {ImportState.QUEUED}
        return OpenImports(
            {state: row.number for state, row in rows.items()},
            min((rows[state].oldest for state in working), default=None),
        )
