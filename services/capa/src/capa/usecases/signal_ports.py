"""What the use cases of signals and exposure need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from capa.domain.complaint import Complaint
from capa.domain.signals.charting import Frozen
from capa.domain.signals.evidence import Came
from capa.domain.signals.exposure import Exposure
from capa.domain.signals.periods import Length
from capa.domain.signals.signal import Signal
from capa.usecases.chronicle import Change

Place = tuple[str, str, str, str]
"""A watch, a product, a category or all of them, and a site, all of them or none named."""

Stratum = tuple[str, str, str]
"""A product, a category and a site as complaints name them, or all sites where they are not told apart."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The complaints of a stratum in one period, and when triage took up the last of them."""

    stratum: Stratum
    begins_at: datetime
    count: int
    last_added_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """A complaint that is evidence of a signal; `ordinal` counts the decisions about it, `linked` is where it belongs."""

    complaint: Complaint
    ordinal: int
    linked: frozenset[UUID]


class Ledger(Protocol):
    """Counts the complaints on record as they stand now, each once, however often its events came."""

    async def tallies(
        self, since: datetime, until: datetime, length: Length, zone: str, *, per_site: bool
    ) -> Sequence[Tally]:
        """Count complaints by stratum and period; periods without any are not told."""
        ...

    async def came(
        self, strata: Sequence[Stratum], since: datetime, until: datetime
    ) -> Mapping[Stratum, Sequence[Came]]:
        """Tell when the complaints of these strata came, in the order of time; both instants are included."""
        ...

    async def strata(self, since: datetime, *, per_site: bool) -> Sequence[Stratum]:
        """List the strata of complaints received since."""
        ...

    async def exposures(
        self, unit: str, since: date, *, per_site: bool
    ) -> Mapping[tuple[str, str], Mapping[tuple[date, date], float]]:
        """Give the spans and units that end after a day: those of each product, or those of each of its sites."""
        ...

    async def frozen(self) -> Mapping[Place, Sequence[Frozen]]:
        """Give the limits of every chart."""
        ...

    async def phases(self) -> Mapping[Place, tuple[int, datetime]]:
        """Give the present phase and its begin for every chart that had more than one."""
        ...


class Signals(Protocol):
    """Signals and the limits of charts."""

    async def take_turn(self, now: datetime, every: timedelta) -> bool:
        """Tell whether the last evaluation is so long ago, and if so count this one."""
        ...

    async def of_place(self, place: Place) -> Sequence[Signal]:
        """Read the signals of a place, and keep others from raising one there until the transaction ends."""
        ...

    async def next_number(self) -> str:
        """Take the next number."""
        ...

    async def add(self, value: Signal, change: Change) -> None:
        """Write a new signal and the first line of its history."""
        ...

    async def get(self, reference: UUID | str) -> Signal:
        """Lock a signal by its id or number; refuses with SignalMissing."""
        ...

    async def save(self, value: Signal, change: Change) -> None:
        """Write a signal that was read in this transaction, and the next line of its history."""
        ...

    async def freeze(self, place: Place, frozen: Frozen) -> None:
        """Keep limits, unless some are kept for the same definition and phase."""
        ...

    async def begin_phase(self, place: Place, begins_at: datetime, *, actor: str, reason: str) -> int:
        """Begin the next phase of a chart; gives its number."""
        ...

    async def evidence(self, value: Signal, limit: int) -> Sequence[Evidence]:
        """Lock and read the complaints that are evidence of a signal, newest first, and where they belong."""
        ...


class Exposures(Protocol):
    """Reported units."""

    async def report(self, exposures: Sequence[Exposure]) -> Sequence[bool]:
        """Write figures, each in place of one for the same first day; tell of each whether it is new.

        Refuses with ExposureOverlaps.
        """
        ...
