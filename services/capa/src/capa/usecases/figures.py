"""How much is open now, as the gauges show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

AGE_CLASSES: Final = (
    ("under_1d", timedelta(days=1)),
    ("1d_to_7d", timedelta(days=7)),
    ("7d_to_30d", timedelta(days=30)),
    ("30d_to_90d", timedelta(days=90)),
    ("over_90d", timedelta.max),
)
"""Names of classes of age, each with the greatest age that it takes."""


@dataclass(frozen=True, slots=True)
class OpenNonconformities:
    """How many are open of one product, severity and class of age."""

    product: str
    severity: str
    age: str
    number: int


@dataclass(frozen=True, slots=True)
class OpenActions:
    """How many are open of one kind and team, overdue or not."""

    kind: str
    team: str | None
    overdue: bool
    number: int


@dataclass(frozen=True, slots=True)
class OpenCases:
    """How many cases are in one state, a clock of them run out or not."""

    state: str
    overdue: bool
    number: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What is open at one instant, since when the oldest open nonconformity is, and signals by their latched states."""

    nonconformities: Sequence[OpenNonconformities]
    actions: Sequence[OpenActions]
    cases: Sequence[OpenCases]
    oldest_raised_at: datetime | None
    signals: Mapping[str, int]


class ReadFigures(Protocol):
    """Counts what is open."""

    async def __call__(self, now: datetime) -> Figures:
        """Count; age and overdue are judged at `now`."""
        ...
