"""What is gathered for a management review: figures of a period, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from capa.domain.signals.exposure import Unit
from capa.domain.signals.periods import Length
from capa.domain.signals.signal import Signal
from quality.cases import CaseFigures
from quality.escalation import LevelFigures
from quality.handling import HandlingFigures
from quality.indicators import ActionFigures, ComplaintFigures, PerMillion, SignalFigures, Span
from quality.pareto import Pareto


@dataclass(frozen=True, slots=True)
class Indicators:
    """All indicators of a span; `nonconformities` were raised in it, and `per_million` is told for each kind of unit."""

    span: Span
    complaints: ComplaintFigures
    actions: ActionFigures
    signals: SignalFigures
    nonconformities: int
    per_million: Mapping[Unit, PerMillion]


@dataclass(frozen=True, slots=True)
class HandlingIndicators:
    """Those of a span: of complaints, of cases, and of each level of the escalation that somebody was told at."""

    complaints: HandlingFigures
    cases: CaseFigures
    escalation: Mapping[str, LevelFigures]


class Row(NamedTuple):
    """One indicator as people read it, with its definition."""

    name: str
    definition: str
    now: str
    before: str


Tables = Sequence[tuple[str, Sequence[Row]]]
"""Indicators in groups, each with its title."""


@dataclass(frozen=True, slots=True)
class Bin:
    """A month or week, by its first day, and the complaints received in it."""

    label: str
    complaints: int


@dataclass(frozen=True, slots=True)
class Late:
    """An action that was open and past its due instant at the end of the period."""

    number: str
    title: str
    owner: str | None
    team: str | None
    due_at: datetime
    due_changes: int


@dataclass(frozen=True, slots=True)
class Load:
    """The open actions that somebody, or else a team, had at the end of the period; None are nobody's."""

    who: str | None
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class NonconformityFigures:
    """Nonconformities raised in the period by where they were noticed, closed in it, and open at its end."""

    raised: Mapping[str, int]
    closed: int
    open: int


@dataclass(frozen=True, slots=True)
class CaseNumbers:
    """Cases requested in the period, ended in it by how, and open at its end by risk; checks of the effect by their result.

    `risk` has `unassessed` for those without any; a case that was opened again since counts as open.
    """

    requested: int
    ended: Mapping[str, int]
    risk: Mapping[str, int]
    checks: Mapping[str, int]

    @property
    def open(self) -> int:
        """How many were open at the end."""
        return sum(self.risk.values())


@dataclass(frozen=True, slots=True)
class Costs:
    """What actions cost in one currency, by product and category; never added to what was paid in another."""

    currency: str
    actions: int
    amount: Decimal
    kinds: Pareto


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures:
    """The figures of one period that stand beside those of the one before."""

    indicators: Indicators
    handled: HandlingIndicators
    nonconformities: NonconformityFigures
    cases: CaseNumbers

    @property
    def effective(self) -> tuple[int, int]:
        """Checks that said effective, and all checks."""
        return self.cases.checks.get("effective", 0), sum(self.cases.checks.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """All that the pack shows; `products` are those that it is about, None for all."""

    span: Span
    products: frozenset[str] | None
    made_at: datetime
    now: PeriodFigures
    before: PeriodFigures
    length: Length
    bins: Sequence[Bin]
    by_count: Pareto
    by_severity: Pareto
    costs: Sequence[Costs]
    signals: Sequence[Signal]
    late: Sequence[Late]
    loads: Sequence[Load]
