"""A folder as store, for one machine or a file system that all processes share."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from uuid import UUID

from intake.usecases.attachments import ContentMissing, StorageAway

BLOCK_BYTES: Final = 262_144
_DRAFT: Final = ".part"
T = TypeVar("T")


class FolderStorage:
    """Keeps each content in a file that is named by its id and by nothing else.

    A content is written beside its place, brought to the disk and then renamed, so that a file with the final name is
    whole, also after a loss of power.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, file_id: UUID, chunks: AsyncIterator[bytes]) -> None:
        """Return once the whole content lasts; whatever breaks it off leaves none. Raises StorageAway."""
        place = self._place(file_id)
        draft = _draft_of(place)
        stream = await _done(_create, draft)
        try:
            try:
                held = bytearray()
                async for chunk in chunks:
                    held += chunk
                    if len(held) >= BLOCK_BYTES:
                        await _done(stream.write, bytes(held))
                        held.clear()
                await _done(stream.write, bytes(held))
                await _done(_to_disk, stream)
            finally:
                await _done(stream.close)
            await _done(_rename, draft, place)
        except BaseException:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
            raise

    async def read(self, file_id: UUID, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Open the bytes from `start` up to but not including `end`; raises ContentMissing and StorageAway."""
        try:
            stream = await _done(_open_at, self._place(file_id), start)
        except FileNotFoundError:
            raise ContentMissing(str(file_id)) from None
        return _blocks(stream, end - start)

    async def delete(self, file_id: UUID) -> None:
        """Remove the content and what a broken write left of it; nothing happens where there is none."""
        place = self._place(file_id)
        for file in (_draft_of(place), place):
            await _done(_remove, file)

    def _place(self, file_id: UUID) -> Path:
        # The last digits of an id are random, so that each of 256 folders holds an equal share.
        return self._folder / file_id.hex[-2:] / str(file_id)


def _draft_of(place: Path) -> Path:
    return place.with_name(place.name + _DRAFT)


async def _done(step: Callable[..., T], *given: object) -> T:
    """Do a step with the disk in a thread; an error of the disk is StorageAway, a missing file stays one."""
    try:
        return await asyncio.to_thread(step, *given)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageAway(f"the folder of attachments: {error.strerror}") from error


def _create(draft: Path) -> BinaryIO:
    draft.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "wb")


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _rename(draft: Path, place: Path) -> None:
    draft.replace(place)
    # The new name lasts only once the folder is on the disk too.
    descriptor = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_at(place: Path, start: int) -> BinaryIO:
    stream = place.open("rb", buffering=0)
    stream.seek(start)
    return stream


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)


async def _blocks(stream: BinaryIO, left: int) -> AsyncIterator[bytes]:
    try:
        while left > 0 and (block := await _done(stream.read, min(left, BLOCK_BYTES))):
            left -= len(block)
            yield block
    finally:
        await asyncio.to_thread(stream.close)
