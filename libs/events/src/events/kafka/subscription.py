"""Reads topics as a member of a group, and gives everything back in order when it ends."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from typing_extensions import override

from events.failures import TransportAway
from events.kafka.bounds import bounded
from events.kafka.brokers import Brokers
from events.kafka.commits import Commits
from events.kafka.lanes import Lane, settle
from events.kafka.membership import Membership, Rebalance
from events.kafka.positions import PositionsDesk
from events.kafka.settings import KafkaSettings
from events.reading_metrics import REBALANCES, polled
from events.transport import Handle, Partition, Positions, Received, Subscription
from events.turning import Beat, unwatched

log = logging.getLogger(__name__)

_CHECK = 1.0


class KafkaSubscription(Subscription):
    """Reads as a member of a group; each run is a member of its own."""

    def __init__(
        self,
        brokers: Brokers,
        topics: Sequence[str],
        group: str,
        *,
        settings: KafkaSettings,
        desk: PositionsDesk,
    ) -> None:
        self._brokers = brokers
        self._topics = tuple(topics)
        self._group = group
        self._settings = settings
        self._desk = desk

    @override
    async def run(self, handle: Handle, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        reading = Reading(self._group, handle, self._settings)
        member = await Membership.join(
            self._brokers,
            self._topics,
            self._group,
            settings=self._settings,
            rebalance=Rebalance(reading.revoked, reading.assigned, reading.failed),
        )
        reading.member = member
        watch = asyncio.create_task(self._watch(reading))
        watch.add_done_callback(reading.ended)
        patience = 0.0
        try:
            await reading.until(stop, beat)
            patience = self._settings.drain
        finally:
            watch.cancel()
            settings = self._settings
            await bounded(reading.finish(patience), patience + settings.commit + 3 * settings.close + 5)
        reading.raise_failure()

    async def _watch(self, reading: "Reading") -> None:
        """Notice what has records to read and gives none: a client that lost its way says nothing by itself."""
        seen: Positions = {}
        checked = time.monotonic()
        while True:
            await asyncio.sleep(self._settings.stuck / 2)
            if not reading.may_be_stuck(checked):
                seen, checked = {}, time.monotonic()
                continue
            try:
                ends = await self._desk.ends(self._topics)
                kept = await self._desk.committed(self._topics, self._group)
            except TransportAway:
                # The broker is away for everybody, and the client goes on trying.
                seen, checked = {}, time.monotonic()
                continue
            reading.fail_if_stuck(seen, kept, since=checked)
            seen, checked = ends, time.monotonic()


class Reading:
    """What one run holds: its lanes, what they have finished, and the first thing that went wrong."""

    member: Membership
    """Set as soon as it has joined, before any partition comes."""

    def __init__(self, group: str, handle: Handle, settings: KafkaSettings) -> None:
        self._group = group
        self._handle = handle
        self._settings = settings
        self._lanes: set[Lane] = set()
        self._commits = Commits(self._commit, seconds=settings.commit)
        self._keeping: asyncio.Task[None] | None = None
        self._unassigned_since: float | None = time.monotonic()
        self._failure: BaseException | None = None
        self._woken = asyncio.Event()
        self._ending = False

    async def until(self, stop: asyncio.Event, beat: Beat) -> None:
        """Return once stopped, beating meanwhile; raises what went wrong before."""
        stopped = asyncio.create_task(stop.wait())
        woken = asyncio.create_task(self._woken.wait())
        try:
            while not stop.is_set():
                beat()
                self.raise_failure()
                self.member.check()
                await asyncio.wait({stopped, woken}, timeout=_CHECK, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            woken.cancel()

    def failed(self, error: BaseException) -> None:
        """Note what went wrong first; it ends the run."""
        self._failure = self._failure or error
        self._woken.set()

    def ended(self, task: asyncio.Task[None]) -> None:
        """Note what went wrong in a task that runs beside the lanes."""
        if not task.cancelled() and (error := task.exception()):
            self.failed(error)

    def raise_failure(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._failure is not None:
            raise self._failure

    async def assigned(self, places: Sequence[Partition]) -> None:
        """Open a lane for each partition that has come."""
        REBALANCES.labels(self._group).inc()
        kept = await asyncio.gather(*(self.member.kept(place) for place in places))
        if self._ending:
            return
        self._keeping = asyncio.create_task(self._commits.run())
        self._keeping.add_done_callback(self.ended)
        self._lanes = {
            Lane(
                place,
                take=self._take,
                handle=self._handle,
                finished=self._commits.finished,
                failed=self.failed,
                kept=position,
            )
            for place, position in zip(places, kept, strict=True)
        }
        self._unassigned_since = None

    async def _take(self, place: Partition) -> Sequence[Received]:
        polled(self._group)
        return await self.member.take(place)

    async def revoked(self) -> None:
        """Close all lanes: every rebalance takes all partitions of all members."""
        self._unassigned_since = time.monotonic()
        await self._close_lanes(self._settings.revoke)

    async def finish(self, patience: float) -> None:
        """Wait so many seconds for work in flight, keep what is finished, and leave the group."""
        self._ending = True
        await self._close_lanes(patience)
        await self.member.leave()

    async def _close_lanes(self, patience: float) -> None:
        await settle(self._lanes, patience)
        # The loop that keeps positions may hold the client's lock for a request that waits; it lets go first.
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        await self._commits.last()
        self._lanes = set()

    async def _commit(self, positions: Mapping[Partition, int]) -> None:
        await self.member.commit(positions)

    def may_be_stuck(self, since: float) -> bool:
        """Whether anything has waited since that moment, on the monotonic clock."""
        return bool(self._idle(since)) or self._unassigned_too_long()

    def fail_if_stuck(self, ends: Positions, kept: Positions, *, since: float) -> None:
        """End the run where a lane has waited since then though there was something to read even then.

        Called while the broker answers.
        """
        if self._unassigned_too_long():
            self.failed(TransportAway("Kafka has given no partitions for too long"))
        for lane in self._idle(since):
            following = max(kept.get(lane.place, 0), lane.next or 0)
            if following < ends.get(lane.place, 0):
                topic, partition = lane.place
                self.failed(TransportAway(f"the reading of {topic}, partition {partition}, is stuck"))

    def _idle(self, since: float) -> list[Lane]:
        return [lane for lane in self._lanes if lane.idle_since is not None and lane.idle_since <= since]

    def _unassigned_too_long(self) -> bool:
        since = self._unassigned_since
        return (
            since is not None and time.monotonic() - since > self._settings.rebalance + self._settings.stuck
        )
