"""Index: write the words of complaints where a search looks for them, after the request that told them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

AT_ONCE: Final = 200
"""Complaints of one transaction: while it is under way, about 50 ms, none of them can be amended."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How many complaints were looked at, how many of them were written, and how many could be held for it."""

    looked_at: int
    written: int
    held: int


@dataclass(frozen=True, slots=True)
class Unindexed:
    """How many complaints wait to be indexed, and since when the first of them does."""

    number: int
    since: datetime | None


class SearchIndex(Protocol):
    """What a search asks; each call is a transaction of its own, and any number of processes may make them."""

    async def take(self, limit: int) -> Batch:
        """Index up to `limit` complaints that wait, but those that are being changed just now."""
        ...

    async def page(self, after: UUID | None, limit: int, *, now: datetime) -> tuple[Batch, UUID | None]:
        """Compare the words of the next complaints in the order of their ids, and write those that differ or lack.

        Gives the id to go on after, None at the end. What is being changed just now goes into the queue.
        """
        ...

    async def unindexed(self) -> Unindexed:
        """Count what waits."""
        ...

    async def retire_former(self) -> bool:
        """Drop the index of the release before as soon as nothing waits; tell whether it is gone."""
        ...


class IndexComplaints:
    """Indexes a bounded number of complaints that wait."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self._former_gone = False

    async def __call__(self) -> Batch:
        """Index the next ones; where none is left, see that what an earlier release searched by is dropped."""
        batch = await self._index.take(AT_ONCE)
        if batch.looked_at == 0 and not self._former_gone:
            self._former_gone = await self._index.retire_former()
        return batch
