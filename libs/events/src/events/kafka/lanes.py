"""One lane per partition: records in order, one batch at a time, beside all other lanes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from events.failures import TransportAway
from events.transport import Handle, Partition, Received

log = logging.getLogger(__name__)

Take = Callable[[Partition], Awaitable[Sequence[Received]]]
"""Waits a little while for records of one partition."""

_PAUSE = 0.1
"""Seconds before a handler that finished nothing is asked again."""

_IGNORED_CANCEL = 1.0
"""Seconds that a cancelled handler gets to let go."""


class Lane:
    """Hands one partition's records over until it is retired; tells what is finished and what went wrong."""

    def __init__(
        self,
        place: Partition,
        *,
        take: Take,
        handle: Handle,
        finished: Callable[[Partition, int], None],
        failed: Callable[[BaseException], None],
        kept: int | None,
    ) -> None:
        self.place = place
        self.next = kept
        """The position to be read next, None before the first record of a group that has kept none."""
        self.idle_since: float | None = time.monotonic()
        """Since when, on the monotonic clock, it waits for records; None while it handles some."""
        self._take = take
        self._handle = handle
        self._finished = finished
        self._failed = failed
        self._retired = False
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(self._ended)

    def retire(self) -> None:
        """Hand nothing more over; what is being handled may come to its end."""
        self._retired = True
        if self.idle_since is not None:
            self.task.cancel()

    async def _run(self) -> None:
        while not self._retired:
            records = await self._take(self.place)
            if not records:
                continue
            self._look_for_a_gap(records[0].position)
            self.idle_since = None
            await self._work_off(records)
            self.idle_since = time.monotonic()

    async def _work_off(self, records: Sequence[Received]) -> None:
        while records and not self._retired:
            count = await self._handle(records)
            if not count:
                await asyncio.sleep(_PAUSE)
                continue
            self.next = records[count - 1].position + 1
            self._finished(self.place, self.next)
            records = records[count:]

    def _look_for_a_gap(self, position: int) -> None:
        if self.next is not None and position > self.next:
            topic, partition = self.place
            names = {"topic": topic, "partition": partition, "expected": self.next, "found": position}
            log.error("a group lost unread records to retention", extra=names)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            if not self._retired:
                self._failed(TransportAway(f"the reading of {self.place} was cancelled from within"))
        elif error := task.exception():
            self._failed(error)


async def settle(lanes: Collection[Lane], patience: float) -> None:
    """Retire lanes, wait so many seconds for what they handle, and cancel what is left."""
    for lane in lanes:
        lane.retire()
    running = {lane.task for lane in lanes if not lane.task.done()}
    if running and patience > 0:
        _, running = await asyncio.wait(running, timeout=patience)
    for task in running:
        task.cancel()
    if running:
        _, running = await asyncio.wait(running, timeout=_IGNORED_CANCEL)
    if running:
        log.error(
            "handlers ignore their cancellation and are left to themselves", extra={"count": len(running)}
        )
