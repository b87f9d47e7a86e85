"""Collects what a management review asks about a period, beside the period of the same length before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from capa.domain.signals.periods import Length
from capa.domain.signals.signal import Signal
from capa.usecases.handling_indicators import HandlingIndicators, ReadHandlingIndicators
from capa.usecases.indicators import By, Indicators, Products, ReadIndicators, Weigh
from common.clock import Clock
from quality.indicators import Span
from quality.pareto import Pareto

MOST_SIGNALS: Final = 20
MOST_KINDS: Final = 10
MOST_LATE: Final = 20


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


class ReviewRecords(Protocol):
    """Reads what a review shows beside indicators."""

    async def bins(self, span: Span, products: Products, length: Length, zone: str) -> Sequence[Bin]:
        """Count complaints received in a span, month by month or week by week, also where there were none."""
        ...

    async def signals_in(self, span: Span, products: Products, limit: int) -> Sequence[Signal]:
        """Read signals raised before the end of a span that were raised in it, or were still latched at its begin."""
        ...

    async def late(self, at: datetime, products: Products, limit: int) -> Sequence[Late]:
        """Read actions that were open and past their due instant then, the one due first first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """All that the pack shows."""

    span: Span
    products: Products
    made_at: datetime
    zone: str
    now: Indicators
    before: Indicators
    handled_now: HandlingIndicators
    handled_before: HandlingIndicators
    length: Length
    bins: Sequence[Bin]
    by_count: Pareto
    by_severity: Pareto
    signals: Sequence[Signal]
    late: Sequence[Late]


_WEEKS_UP_TO: Final = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class ReadReview:
    """Reads from the records as they stand."""

    indicators: ReadIndicators
    handling: ReadHandlingIndicators
    records: ReviewRecords
    clock: Clock

    async def __call__(self, span: Span, products: Products = None) -> Review:
        """Collect the pack of a period."""
        earlier = Span(span.begins_at - (span.ends_at - span.begins_at), span.begins_at)
        length = Length.WEEK if span.ends_at - span.begins_at <= _WEEKS_UP_TO else Length.MONTH
        zone = str(self.indicators.zone)
        return Review(
            span=span,
            products=products,
            made_at=self.clock(),
            zone=zone,
            now=await self.indicators(span, products),
            before=await self.indicators(earlier, products),
            handled_now=await self.handling(span, products),
            handled_before=await self.handling(earlier, products),
            length=length,
            bins=await self.records.bins(span, products, length, zone),
            by_count=await self._pareto(span, products, Weigh.COUNT),
            by_severity=await self._pareto(span, products, Weigh.SEVERITY),
            signals=await self.records.signals_in(span, products, MOST_SIGNALS),
            late=await self.records.late(span.ends_at, products, MOST_LATE),
        )

    async def _pareto(self, span: Span, products: Products, weigh: Weigh) -> Pareto:
        return await self.indicators.pareto(span, products, by=By.BOTH, weigh=weigh, most=MOST_KINDS)
