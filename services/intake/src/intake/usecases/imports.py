"""Where imports are kept between their transactions."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from intake.domain.importing import Import, ImportOrder, RowOutcome, RowResult, StagedRow


class Imports(Protocol):
    """Imports and their rows; each call is a transaction of its own."""

    async def open(self, order: ImportOrder) -> None:
        """Begin an import that is still being received."""
        ...

    async def stage(self, import_id: UUID, rows: Sequence[StagedRow], *, now: datetime) -> None:
        """Keep further rows."""
        ...

    async def queue(self, import_id: UUID, *, now: datetime) -> None:
        """Say that every row is there."""
        ...

    async def give_up(self, import_id: UUID, *, detail: str, now: datetime) -> None:
        """Forget the rows of an import that could not be received, and say why."""
        ...

    async def find(self, import_id: UUID, *, within: str | None = None) -> Import:
        """Read one, of one source system alone where it is named; raises NoSuchImport."""
        ...

    def results(
        self, import_id: UUID, *, outcomes: Sequence[RowOutcome] = ()
    ) -> AsyncIterator[Sequence[RowResult]]:
        """Read what came of the rows, batch by batch, of some outcomes alone where they are named."""
        ...

    async def take(self, *, token: UUID, now: datetime, until: datetime) -> Import | None:
        """Lease the oldest import that waits, or whose holder fell silent; None where there is none."""
        ...

    async def waiting_rows(self, import_id: UUID, *, after: int, limit: int) -> Sequence[StagedRow]:
        """Read the next rows that have no result, of those after a row."""
        ...

    async def abandon_silent(self, *, before: datetime, now: datetime) -> int:
        """Give up what has been received since long before and heard nothing more; tell how many."""
        ...

    async def sweep(self, *, since: datetime) -> None:
        """Forget the content of rows that imports ended since an instant will not process any more."""
        ...

    async def forget(self, *, before: datetime) -> int:
        """Forget imports that ended before an instant; tell how many."""
        ...
