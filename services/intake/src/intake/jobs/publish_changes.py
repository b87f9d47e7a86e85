"""Gives changes their place in the feed as soon as they are committed, and forgets old ones."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from common.clock import Clock
from events.wake import Pace, Wake, rest
from intake.jobs.crm_metrics import CHANGES
from intake.usecases.publish_changes import FORGOTTEN_TOGETHER, ForgetChanges, PublishChanges

POLL_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 2.0
_LONGEST_GATHERING_SECONDS: Final = 0.25
"""So long changes may wait for others while much happens."""

FORGET_EVERY: Final = timedelta(hours=1)

log = get_logger("intake.changes")


class RunChanges:
    """Works whenever something changed; of several processes one publishes, and the next one takes over at once."""

    def __init__(
        self,
        publish: PublishChanges,
        forget: ForgetChanges,
        clock: Clock,
        wake: Wake,
        *,
        planned: Wake | None = None,
        poll: float = POLL_SECONDS,
    ) -> None:
        self._publish = publish
        self._forget = forget
        self._clock = clock
        self._wake = wake
        self._planned = planned or wake
        self._poll = wake.poll(poll)
        self._pace = Pace(times=10, longest=_LONGEST_GATHERING_SECONDS)
        self._forgot_at: datetime | None = None

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Go on until stopped; a database that is away is waited for."""
        while not stop.is_set():
            beat()
            await self._pace.keep(stop)
            ticket, began = self._wake.ticket(), time.monotonic()
            try:
                more = await self.turn()
            except Exception as error:
                if not (is_away(error) or is_busy(error)):
                    raise
                log.warning("changes_wait_for_database", reason=type(error).__name__)
                await waited_for(stop, RETRY_SECONDS)
                continue
            if not more:
                self._pace.worked(began)
                await rest(stop, ticket, self._poll)

    async def turn(self) -> bool:
        """Publish one batch; tell whether there may be more to do."""
        published = await self._publish()
        for kind, number in published.types.items():
            CHANGES.labels(kind.value).inc(number)
        if published.deliveries:
            self._planned.ring()
        return published.more or await self._tidy()

    async def _tidy(self) -> bool:
        now = self._clock()
        if self._forgot_at is not None and now - self._forgot_at < FORGET_EVERY:
            return False
        if await self._forget() == FORGOTTEN_TOGETHER:
            return True
        self._forgot_at = now
        return False
