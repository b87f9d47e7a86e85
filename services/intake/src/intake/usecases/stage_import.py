"""Stage an import: take a file in as it arrives and keep its rows, to be processed by the worker."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Final

from intake.domain.import_files import LineReader, rows_of
from intake.domain.importing import FileUnreadable, Import, ImportOrder, NoSuchProfile, StagedRow
from intake.domain.mapping import Profile
from intake.usecases.imports import Imports
from intake.usecases.ports import Clock

BATCH: Final = 500


class StageImport:
    """Keeps the rows of a file; an upload that breaks off or cannot be read leaves none of them."""

    def __init__(
        self, imports: Imports, profiles: Mapping[str, Profile], clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._imports = imports
        self._profiles = profiles
        self._clock = clock
        self._wake = wake

    async def __call__(self, order: ImportOrder, chunks: AsyncIterator[bytes]) -> Import:
        """Return once every row is kept; raises NoSuchProfile and FileUnreadable."""
        profile = self._profiles.get(order.profile)
        if profile is None:
            raise NoSuchProfile(list(self._profiles))
        await self._imports.open(order)
        try:
            await self._stage(order, profile, chunks)
        except BaseException as error:
            detail = error.detail if isinstance(error, FileUnreadable) else "The upload broke off."
            await self._imports.give_up(order.id, detail=detail, now=self._clock())
            raise
        await self._imports.queue(order.id, now=self._clock())
        self._wake()
        return await self._imports.find(order.id)

    async def _stage(self, order: ImportOrder, profile: Profile, chunks: AsyncIterator[bytes]) -> None:
        lines, rows = LineReader(), rows_of(order.media_type, profile)
        batch: list[StagedRow] = []

        async def take(found: Iterator[StagedRow]) -> None:
            for row in found:
                batch.append(row)
                if len(batch) == BATCH:
                    await self._imports.stage(order.id, batch, now=self._clock())
                    batch.clear()

        async for chunk in chunks:
            await take(rows.feed(lines.feed(chunk)))
        await take(rows.feed(lines.feed(b"", final=True), final=True))
        if batch:
            await self._imports.stage(order.id, batch, now=self._clock())
