"""What is read of signals and exposure."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from capa.domain.signals.exposure import Exposure, Unit
from capa.domain.signals.signal import Signal, State
from capa.usecases.reading import Keys
from common.history import Entry
from common.page import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFilter:
    """Which signals are listed; None asks for all."""

    state: frozenset[State] | None = None
    watch: frozenset[str] | None = None
    product: frozenset[str] | None = None
    category: frozenset[str] | None = None
    site: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureFilter:
    """Which figures are listed; None asks for all."""

    product: frozenset[str] | None = None
    site: frozenset[str] | None = None
    unit: frozenset[Unit] | None = None


class SignalRecords(Protocol):
    """Reads signals and exposure, without locking them."""

    async def signals(self, wanted: SignalFilter, after: Keys, limit: int) -> Page[Signal]:
        """List signals, the one raised last first."""
        ...

    async def signal(self, reference: UUID | str) -> Signal:
        """Read one by its id or number; refuses with SignalMissing."""
        ...

    async def signal_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to a signal, oldest first; refuses with SignalMissing."""
        ...

    async def exposures(self, wanted: ExposureFilter, after: Keys, limit: int) -> Page[Exposure]:
        """List figures by product, unit and day."""
        ...
