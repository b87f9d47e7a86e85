"""Ends deadlines that were met or no longer matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.clock import Clock
from common.turns import in_turns
from events.delivery import Claim, Delivery
from notifier.domain.deadline import Deadline, Key, State, TimerEnd, close
from notifier.usecases.ports import StartWork, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """News that a generation of a deadline was met or voided."""

    key: Key
    generation: int
    state: Literal[State.MET, State.VOIDED]
    reason: str | None
    at: datetime
    once: Delivery


@dataclass(frozen=True, slots=True)
class CloseDeadline:
    """Silences deadlines: their timers end, and notices not yet sent are dropped before sending."""

    start_work: StartWork
    clock: Clock

    async def __call__(self, closings: Sequence[Closing]) -> Sequence[Claim]:
        """Close each in one transaction, unless the news is of an older generation than the one known."""
        async with self.start_work.together([closing.once for closing in closings]) as (work, claims):
            new = [closing for closing, claim in zip(closings, claims, strict=True) if claim is Claim.NEW]
            for turn in in_turns(new, lambda closing: closing.key):
                await self._close(work, turn)
            return claims

    async def _close(self, work: Work, closings: Sequence[Closing]) -> None:
        """Close different deadlines."""
        known = await work.deadlines.lock_many([closing.key for closing in closings])
        closed = [
            deadline
            for closing in closings
            if closing.key in known and (deadline := _closed(known[closing.key], closing)) is not None
        ]
        await work.deadlines.save(closed)
        ends = {
            deadline.key: TimerEnd.MET if deadline.state is State.MET else TimerEnd.VOIDED
            for deadline in closed
        }
        await work.timers.end_all(ends, now=self.clock())


def _closed(known: Deadline, closing: Closing) -> Deadline | None:
    return close(
        known,
        generation=closing.generation,
        state=closing.state,
        reason=closing.reason,
        at=closing.at,
    )
