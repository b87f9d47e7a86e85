"""How many imports are open now, and whether they get on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from intake.domain.importing import ImportState

OPEN: Final = (ImportState.RECEIVING, ImportState.QUEUED, ImportState.RUNNING)
"""States of an import that has not ended."""


@dataclass(frozen=True, slots=True)
class OpenImports:
    """Open imports by state, and when the one that is being worked on and waits for longest last got on.

    A queued import waits behind those that run, so that its waiting counts only while none runs.
    """

    numbers: Mapping[ImportState, int]
    last_progress_at: datetime | None


class ReadOpenImports(Protocol):
    """Counts open imports."""

    async def __call__(self) -> OpenImports:
        """Count."""
        ...
