"""Tells when there is something to do next."""

from dataclasses import dataclass
from datetime import datetime

from notifier.usecases.ports import StartWork


@dataclass(frozen=True, slots=True)
class NextMoment:
    """Lets a loop sleep until its work comes due."""

    start_work: StartWork

    async def of_timers(self) -> datetime | None:
        """Tell when the next timer is due, None without any."""
        async with self.start_work() as work:
            return await work.timers.next_due()

    async def of_deliveries(self) -> datetime | None:
        """Tell when the next delivery is due, None without any."""
        async with self.start_work() as work:
            return await work.deliveries.next_due()
