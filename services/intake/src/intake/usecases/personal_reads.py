"""Reads of personal data, each of which is on record before anything is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from common.actor import Actor
from common.ids import new_id
from common.page import Page
from intake.usecases.ports import Clock


class ReadOperation(StrEnum):
    """What showed personal data."""

    READ = "read"
    HISTORY = "history"
    TIMELINE = "timeline"
    PACK = "inspection_pack"
    LIST = "list"
    SEARCH = "search"
    SIMILAR = "similar"
    EXPORT = "export"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRead:
    """Who was shown personal data of which complaints, and by what; it names no complainant."""

    id: UUID
    at: datetime
    actor: str
    key_id: str
    operation: str
    complaints: tuple[UUID, ...]


class PersonalReads(Protocol):
    """Keeps the record of reads; each call is a transaction of its own."""

    async def add(self, read: PersonalRead) -> None:
        """Write one down."""
        ...

    async def page(
        self, reference: str, *, within: str | None, after: tuple[str, ...] | None, limit: int
    ) -> Page[PersonalRead]:
        """List those of one complaint, the newest first; raises NoSuchComplaint."""
        ...


class RecordPersonalRead:
    """Writes a read down; where that fails, nothing may be shown."""

    def __init__(self, reads: PersonalReads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock

    async def __call__(
        self, actor: Actor, key_id: str, operation: ReadOperation, complaints: Sequence[UUID]
    ) -> None:
        """Return once it is committed: one row for each answer, however many complaints it shows."""
        read = PersonalRead(
            id=new_id(),
            at=self._clock(),
            actor=str(actor),
            key_id=key_id,
            operation=operation.value,
            complaints=tuple(dict.fromkeys(complaints)),
        )
        await self._reads.add(read)
