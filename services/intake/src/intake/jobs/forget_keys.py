"""Forgets idempotency keys that are past their time."""

import asyncio
from typing import Final

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import is_away, is_busy
from chassis.idempotency import KEPT, purge
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from common.clock import Clock

PAUSE_SECONDS: Final = 3_600.0

log = get_logger("intake.forget_keys")


class ForgetKeys:
    """Once an hour; any number of processes may do it."""

    def __init__(self, engine: AsyncEngine, table: Table, clock: Clock) -> None:
        self._engine = engine
        self._table = table
        self._clock = clock

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped; a database that is away is asked again the next time."""
        while True:
            beat()
            try:
                await self.once()
            except Exception as error:
                if not (is_away(error) or is_busy(error)):
                    raise
                log.warning("keys_not_forgotten", reason=type(error).__name__)
            if await waited_for(stop, PAUSE_SECONDS):
                return

    async def once(self) -> int:
        """Forget what is due and tell how many keys that was."""
        async with self._engine.begin() as connection:
            return await purge(connection, self._table, self._clock() - KEPT)
