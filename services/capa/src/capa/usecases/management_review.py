"""Collects what a management review asks about a period, beside the period of the same length before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from capa.domain.review.values import (
    Bin,
    CaseNumbers,
    Late,
    Load,
    NonconformityFigures,
    PeriodFigures,
    Review,
)
from capa.domain.signals.periods import Length
from capa.domain.signals.signal import Signal
from capa.usecases.handling_indicators import ReadHandlingIndicators
from capa.usecases.indicators import By, Products, ReadIndicators, Weigh
from common.clock import Clock
from quality.indicators import Span
from quality.pareto import Pareto

MOST_SIGNALS: Final = 20
MOST_KINDS: Final = 10
MOST_LATE: Final = 20
MOST_LOADS: Final = 20
MOST_CURRENCIES: Final = 3


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

    async def nonconformities_in(self, span: Span, products: Products) -> NonconformityFigures:
        """Count nonconformities raised and closed in a span, and open at its end."""
        ...

    async def cases_in(self, span: Span, products: Products) -> CaseNumbers:
        """Count cases requested and ended in a span and open at its end, and checks of the effect in it."""
        ...

    async def loads(self, at: datetime, products: Products, limit: int) -> Sequence[Load]:
        """Count the actions that were open then by who had them, whoever had most first."""
        ...


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
            now=await self._figures(span, products),
            before=await self._figures(earlier, products),
            length=length,
            bins=await self.records.bins(span, products, length, zone),
            by_count=await self._pareto(span, products, Weigh.COUNT),
            by_severity=await self._pareto(span, products, Weigh.SEVERITY),
            costs=(await self.indicators.costs(span, products, by=By.BOTH, most=MOST_KINDS))[
                :MOST_CURRENCIES
            ],
            signals=await self.records.signals_in(span, products, MOST_SIGNALS),
            late=await self.records.late(span.ends_at, products, MOST_LATE),
            loads=await self.records.loads(span.ends_at, products, MOST_LOADS),
        )

    async def _figures(self, span: Span, products: Products) -> PeriodFigures:
        return PeriodFigures(
            indicators=await self.indicators(span, products),
            handled=await self.handling(span, products),
            nonconformities=await self.records.nonconformities_in(span, products),
            cases=await self.records.cases_in(span, products),
        )

    async def _pareto(self, span: Span, products: Products, weigh: Weigh) -> Pareto:
        return await self.indicators.pareto(span, products, by=By.BOTH, weigh=weigh, most=MOST_KINDS)
