"""Reindex: compare the words of every complaint with what a search asks, and write what differs."""

from collections.abc import AsyncIterator

from intake.usecases.index_complaints import AT_ONCE, Batch, SearchIndex
from intake.usecases.ports import Clock


class ReindexComplaints:
    """Goes through all complaints, one short transaction after another; may be broken off and begun again."""

    def __init__(self, index: SearchIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    async def __call__(self) -> AsyncIterator[Batch]:
        """Give what came of each batch, until all complaints were looked at."""
        after = None
        while True:
            batch, after = await self._index.page(after, AT_ONCE, now=self._clock())
            yield batch
            if after is None:
                return
