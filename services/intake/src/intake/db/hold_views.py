"""Reads what holds complaints."""

from sqlalchemy.ext.asyncio import AsyncEngine

from intake.db.complaints import find_id
from intake.db.erasures import PostgresErasures
from intake.domain.retention import Hold


class PostgresHoldViews:
    """The `HoldViews` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, reference: str, *, within: str | None) -> Hold | None:
        """Read the hold of a complaint; raises NoSuchComplaint."""
        async with self._engine.connect() as connection:
            complaint_id = await find_id(connection, reference, within)
            return await PostgresErasures(connection).hold(complaint_id)
