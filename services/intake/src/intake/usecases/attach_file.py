"""Attach a file: stream its content into the store, then let the complaint have it.

First the id is reserved, then the content is written, then one transaction makes it an attachment. Whatever is killed in
between leaves a reservation, by which the sweep finds the content; an attachment without content cannot come about.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Final
from uuid import UUID

from common.actor import Actor
from common.ids import new_id
from intake.domain.attached_file import (
    AttachedFile,
    ChecksumMismatch,
    FileEmpty,
    FileTooLarge,
    TooManyFiles,
    UploadGivenUp,
    checked_name,
)
from intake.domain.attaching import trace_attached
from intake.domain.errors import ComplaintErased
from intake.domain.media_types import HEAD_BYTES, type_of
from intake.usecases.attachments import Files, Storage
from intake.usecases.ports import Clock, RequestKey, StartWork

LONGEST_UPLOAD_SECONDS: Final = 3_600.0
"""No upload goes on for longer, so that the sweep takes no content away that is still being written."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives: its name, the media type that its sender says (empty for none), and its content."""

    name: str
    declared: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Attach:
    """Which complaint gets the file, and from whom; `sha256` is what the sender says of the content.

    `within` is the source system whose complaints the caller may see, None for all.
    """

    reference: str
    actor: Actor
    within: str | None = None
    sha256: str | None = None
    key: RequestKey | None = None


class AttachOutcome(StrEnum):
    """What handing a file over came to."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Attached:
    """The attachment, and what handing it over came to."""

    file: AttachedFile
    outcome: AttachOutcome


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken: the most bytes of a file, the most files of a complaint, and the media types."""

    most_bytes: int
    most_files: int
    media_types: frozenset[str]


class AttachFile:
    """Attaches files; the same content is attached to a complaint once, however often it is sent."""

    def __init__(
        self, start_work: StartWork, files: Files, storage: Storage, limits: Limits, clock: Clock
    ) -> None:
        self._start_work = start_work
        self._files = files
        self._storage = storage
        self._limits = limits
        self._clock = clock

    async def __call__(self, command: Attach, upload: Upload) -> Attached:
        """Return once content and record last.

        Raises NoSuchComplaint, NameInvalid, TypeNotAllowed, ContentMismatch, FileTooLarge, FileEmpty, ChecksumMismatch,
        TooManyFiles, ComplaintErased, UploadGivenUp, StorageAway, KeyReused and KeyInUse.
        """
        name = checked_name(upload.name)
        file_id = new_id()
        await self._files.reserve(file_id, command.reference, within=command.within, now=self._clock())
        bound = asyncio.timeout(LONGEST_UPLOAD_SECONDS)
        try:
            async with bound:
                content = _Content(upload.chunks, self._limits.most_bytes)
                head = await content.head()
                media_type = type_of(upload.declared, name, head, self._limits.media_types)
                await self._storage.write(file_id, content.chunks())
            _compare(command.sha256, content.sha256)
            attached = await self._settle(command, file_id, name, media_type, content)
        except TimeoutError:
            await self._clear_away(file_id)
            if bound.expired():
                raise UploadGivenUp from None
            raise
        except BaseException:
            await self._clear_away(file_id)
            raise
        if attached.outcome is not AttachOutcome.STORED:
            await self._clear_away(file_id)
        return attached

    async def _settle(
        self, command: Attach, file_id: UUID, name: str, media_type: str, content: "_Content"
    ) -> Attached:
        async with self._start_work() as work:
            if command.key is not None:
                key = replace(command.key, fingerprint=_bound(command.key.fingerprint, content.sha256))
                first = await work.files.claim(key, file_id, HTTPStatus.CREATED, at=self._clock())
                if first is not None:
                    kept = await work.complaints.by_reference(command.reference, source_system=command.within)
                    return Attached(await work.files.find(kept.complaint.id, first), AttachOutcome.REPLAYED)
            # The lock on the complaint makes one of two uploads of the same content the second.
            kept = await work.complaints.by_reference(command.reference, source_system=command.within)
            if kept.complaint.erased_at is not None:
                raise ComplaintErased("file")
            same = await work.files.same(kept.complaint.id, content.sha256)
            if same is not None:
                return Attached(same, AttachOutcome.UNCHANGED)
            if await work.files.count(kept.complaint.id) >= self._limits.most_files:
                raise TooManyFiles(self._limits.most_files)
            now = self._clock()
            file = AttachedFile(
                id=file_id,
                complaint_id=kept.complaint.id,
                name=name,
                media_type=media_type,
                size=content.size,
                sha256=content.sha256,
                uploaded_by=str(command.actor),
                uploaded_at=now,
            )
            await work.files.settle(file, trace_attached(file, last=kept.last, actor=command.actor, now=now))
            return Attached(file, AttachOutcome.STORED)

    async def _clear_away(self, file_id: UUID) -> None:
        # What cannot be cleared away now, the sweep clears away later: the reservation says where it is.
        with suppress(Exception):
            if await self._files.give_up(file_id):
                await self._storage.delete(file_id)
                await self._files.forget(file_id)


class _Content:
    """Counts and hashes what passes through it, and holds the beginning back until its type is told."""

    def __init__(self, chunks: AsyncIterator[bytes], most: int) -> None:
        self._coming = chunks
        self._most = most
        self._held = b""
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def head(self) -> bytes:
        """Read as much as tells the type; raises FileEmpty and FileTooLarge."""
        async for chunk in self._coming:
            self._held += self._counted(chunk)
            if len(self._held) >= HEAD_BYTES:
                break
        if not self._held:
            raise FileEmpty
        return self._held[:HEAD_BYTES]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the whole content; raises FileTooLarge as soon as it is."""
        yield self._held
        async for chunk in self._coming:
            yield self._counted(chunk)

    def _counted(self, chunk: bytes) -> bytes:
        self.size += len(chunk)
        if self.size > self._most:
            raise FileTooLarge(self._most)
        self._hash.update(chunk)
        return chunk


def _compare(said: str | None, found: str) -> None:
    if said not in {None, found}:
        raise ChecksumMismatch(found)


def _bound(fingerprint: bytes, sha256: str) -> bytes:
    """Tell by a fingerprint also what was sent, which is known only when it has arrived."""
    return hashlib.sha256(fingerprint + bytes.fromhex(sha256)).digest()
