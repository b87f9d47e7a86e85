"""Checks that whatever is open will be told of."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from common.clock import Clock
from notifier.domain.audit import LATE_AFTER, Finding
from notifier.domain.deadline import Key

PAGE: Final = 500
"""Deadlines looked at in one transaction, so that no audit holds a snapshot for long."""

_NAMED: Final = 10

log = logging.getLogger(__name__)

Place = tuple[datetime, UUID, str]
"""Where a page ends: the due instant and the name of its last deadline."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of open deadlines: those with a step missing, and where it ends; None after the last one."""

    missing: tuple[Key, ...]
    end: Place | None


class Books(Protocol):
    """What is written down about open deadlines, read in one transaction."""

    async def look(self, after: Place | None, limit: int) -> Looked:
        """Look over the open deadlines that come next, and find those with a step that neither waits nor has ended."""
        ...

    async def late(self, before: datetime) -> Mapping[Finding, int]:
        """Count stuck timers, and timers and messages whose moment came before an instant."""
        ...


OpenBooks = Callable[[], AbstractAsyncContextManager[Books]]


@dataclass(frozen=True, slots=True)
class Audit:
    """Looks over every open deadline, page by page."""

    open_books: OpenBooks
    clock: Clock
    page: int = PAGE

    async def __call__(self, beat: Callable[[], None]) -> Mapping[Finding, int]:
        """Tell how often each rule is broken; beats at every page."""
        async with self.open_books() as books:
            found = dict.fromkeys(Finding, 0) | dict(await books.late(self.clock() - LATE_AFTER))
        missing: list[Key] = []
        after: Place | None = None
        while True:
            beat()
            async with self.open_books() as books:
                looked = await books.look(after, self.page)
            missing += looked.missing
            if looked.end is None:
                break
            after = looked.end
        found[Finding.STEP_MISSING] = len(missing)
        if missing:
            log.error(
                "open deadlines have steps that nobody will be told of",
                extra={
                    "number": len(missing),
                    "first": [f"{subject} {clock}" for subject, clock in missing[:_NAMED]],
                },
            )
        return found
