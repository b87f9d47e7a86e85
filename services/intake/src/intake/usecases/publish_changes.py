"""Publish changes: give what was noticed its place in the feed, and plan the webhooks that tell of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from common.ids import new_id
from intake.domain.change import ChangeType, Noticed, Origin, is_posted, is_told, tell
from intake.usecases.crm_ports import StartCrmWork
from intake.usecases.ports import Clock

TOGETHER: Final = 500
FORGOTTEN_TOGETHER: Final = 5_000


@dataclass(frozen=True, slots=True)
class Published:
    """How many changes of which type went into the feed, and how many deliveries were planned."""

    types: Mapping[ChangeType, int]
    deliveries: int
    more: bool = False
    """Whether more may wait."""

    @property
    def changes(self) -> int:
        """How many changes went into the feed."""
        return sum(self.types.values())


NOTHING: Final = Published({}, 0)
_EACH: Final = frozenset({Origin.HISTORY, Origin.VERDICT})
"""What carries something of its own."""


class PublishChanges:
    """Publishes a batch in one transaction; one process at a time does, the others find nothing to do.

    Positions are given here, after the changes were committed, and by one at a time until its own commit. So positions
    become visible in their order, and whoever reads on behind one misses nothing, however late a change was committed.
    """

    def __init__(self, start_work: StartCrmWork, clock: Clock) -> None:
        self._start_work = start_work
        self._clock = clock

    async def __call__(self) -> Published:
        """Publish what was noticed, at most `TOGETHER` at once."""
        async with self._start_work() as work:
            last = await work.feed.hold()
            if last is None:
                return NOTHING
            now = self._clock()
            found = await work.feed.take(TOGETHER)
            noticed = [one for one in once_each(found) if is_told(one)]
            changes = [
                tell(one, position=position, change_id=new_id(), now=now)
                for position, one in enumerate(noticed, start=last + 1)
            ]
            if not changes:
                return NOTHING
            await work.feed.append(changes)
            planned = await work.deliveries.plan(
                [change.position for change in changes if is_posted(change)], now=now
            )
        # Some of what is taken tells of nothing any more.
        more = 2 * len(found) >= TOGETHER
        return Published(Counter(change.type for change in changes), planned, more)


class ForgetChanges:
    """Forgets what is older than the feed remembers, and with it the deliveries that told of it."""

    def __init__(self, start_work: StartCrmWork, clock: Clock, kept: timedelta) -> None:
        self._start_work = start_work
        self._clock = clock
        self._kept = kept

    async def __call__(self) -> int:
        """Forget at most `FORGOTTEN_TOGETHER`; gives how many."""
        async with self._start_work() as work:
            if await work.feed.hold() is None:
                return 0
            return await work.feed.forget(before=self._clock() - self._kept, most=FORGOTTEN_TOGETHER)


def once_each(noticed: Sequence[Noticed]) -> Iterator[Noticed]:
    """Leave out what repeats a change of the same batch that carries nothing of its own, such as of several actions."""
    seen = set()
    for one in noticed:
        key = (one.complaint_id, one.origin, one.clock)
        if one.origin in _EACH or key not in seen:
            seen.add(key)
            yield one
