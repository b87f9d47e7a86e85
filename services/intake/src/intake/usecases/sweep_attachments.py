"""Sweep: remove contents that no attachment has, which crashes and outages left in the store."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from intake.usecases.attach_file import LONGEST_UPLOAD_SECONDS
from intake.usecases.attachments import Files, Storage
from intake.usecases.ports import Clock

ABANDONED_AFTER: Final = timedelta(seconds=2 * LONGEST_UPLOAD_SECONDS)
"""A reservation of such an age belongs to no upload that is still under way."""

AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Swept:
    """How many contents were removed: of uploads that came to nothing, and of deleted attachments."""

    abandoned: int
    deleted: int


class SweepAttachments:
    """Sweeps once; any number of processes may do it, since removing twice is removing."""

    def __init__(self, files: Files, storage: Storage, clock: Clock) -> None:
        self._files = files
        self._storage = storage
        self._clock = clock

    async def __call__(self) -> Swept:
        """Remove at most `AT_ONCE` of each kind; raises StorageAway."""
        abandoned = deleted = 0
        for file_id in await self._files.abandoned(before=self._clock() - ABANDONED_AFTER, limit=AT_ONCE):
            if await self._files.give_up(file_id):
                await self._storage.delete(file_id)
                await self._files.forget(file_id)
                abandoned += 1
        for file_id in await self._files.doomed(limit=AT_ONCE):
            await self._storage.delete(file_id)
            await self._files.removed(file_id, now=self._clock())
            deleted += 1
        return Swept(abandoned, deleted)
