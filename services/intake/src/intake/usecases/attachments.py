"""What the use cases of attachments need from outside: a store for content, and records."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from common.refusals import Refusal
from intake.domain.attached_file import AttachedFile


class StorageAway(Exception):
    """The store cannot be reached, is full or refuses; a repeat may do better."""


class ContentMissing(Exception):
    """The store has no content of this id."""


class NotSetUp(Refusal):
    """The operator gave this service no store for attachments."""

    code: ClassVar[str] = "attachments_not_set_up"

    def __init__(self) -> None:
        super().__init__("This service has no store for attachments.")


class Storage(Protocol):
    """Keeps contents by id. Any number of processes may use one store."""

    async def write(self, file_id: UUID, chunks: AsyncIterator[bytes]) -> None:
        """Return once the whole content lasts; whatever breaks it off leaves none. Raises StorageAway."""
        ...

    async def read(self, file_id: UUID, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Open the bytes from `start` up to but not including `end`; raises ContentMissing and StorageAway."""
        ...

    async def delete(self, file_id: UUID) -> None:
        """Remove the content and what a broken write left of it; nothing happens where there is none. Raises StorageAway."""
        ...


class Files(Protocol):
    """The attachments of complaints; each call is a transaction of its own."""

    async def reserve(self, file_id: UUID, reference: str, *, within: str | None, now: datetime) -> None:
        """Note that content will come under this id, so that a crash leaves a trace; raises NoSuchComplaint."""
        ...

    async def give_up(self, file_id: UUID) -> bool:
        """End a reservation before its content is removed; False where it became an attachment."""
        ...

    async def forget(self, file_id: UUID) -> None:
        """Forget a reservation that was given up, since its content is removed."""
        ...

    async def list(
        self, reference: str, *, within: str | None, deleted: bool = False
    ) -> Sequence[AttachedFile]:
        """List a complaint's attachments, first to last, those whose content is gone on wish; raises NoSuchComplaint."""
        ...

    async def find(self, reference: str, file_id: UUID, *, within: str | None) -> AttachedFile:
        """Read one; raises NoSuchComplaint and NoSuchFile."""
        ...

    async def abandoned(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        """Name reservations that were given up, or were made before an instant and came to nothing."""
        ...

    async def doomed(self, *, limit: int) -> Sequence[UUID]:
        """Name deleted attachments whose content is still there."""
        ...

    async def removed(self, file_id: UUID, *, now: datetime) -> None:
        """Note that the content of a deleted one is gone."""
        ...
