"""The indicators of a span, and its Pareto tables, computed from what stands on record."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from capa.domain.errors import SpanInvalid
from capa.domain.review.values import Costs, Indicators
from capa.domain.severity import Severity
from capa.domain.signals.exposure import Unit
from common.refusals import FieldError
from quality.indicators import (
    ActionRecord,
    ComplaintRecord,
    PerMillion,
    SignalRecord,
    Span,
    of_actions,
    of_complaints,
    of_signals,
    per_million,
)
from quality.pareto import Pareto, pareto

LONGEST: Final = timedelta(days=3_660)

SEVERITY_WEIGHTS: Final[Mapping[Severity, int]] = {
    Severity.MINOR: 1,
    Severity.MAJOR: 3,
    Severity.CRITICAL: 9,
}
"""How much a complaint counts where severity is weighed: a step of severity is three times as grave as the one below."""


class By(StrEnum):
    """What a Pareto table tells apart."""

    PRODUCT = "product"
    CATEGORY = "category"
    BOTH = "product_category"


class Weigh(StrEnum):
    """What a Pareto table adds up."""

    COUNT = "count"
    SEVERITY = "severity"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Pile:
    """So many complaints of one product, category and severity."""

    product: str
    category: str
    severity: Severity
    number: int


@dataclass(frozen=True, slots=True)
class CostPile:
    """What so many actions on one product and category cost in one currency."""

    product: str
    category: str
    currency: str
    actions: int
    amount: Decimal


Products = frozenset[str] | None
"""Whose figures are told; None for all products."""


class FigureRecords(Protocol):
    """Reads what indicators are computed from, without locking it."""

    async def complaints(self, span: Span, products: Products) -> Sequence[ComplaintRecord]:
        """Read complaints that were received or triaged in a span."""
        ...

    async def actions(self, span: Span, products: Products) -> Sequence[ActionRecord]:
        """Read actions that could matter to a span: those that were given before its end and had not ended before it."""
        ...

    async def signals(self, span: Span, products: Products) -> Sequence[SignalRecord]:
        """Read signals that were raised or decided in a span."""
        ...

    async def nonconformities(self, span: Span, products: Products) -> int:
        """Count nonconformities that were raised in a span."""
        ...

    async def piles(self, span: Span, products: Products) -> Sequence[Pile]:
        """Count complaints received in a span by product, category and severity."""
        ...

    async def costs(self, span: Span, products: Products) -> Sequence[CostPile]:
        """Add up what actions cost that ended in a span, or are open and were given in it."""
        ...

    async def units(self, first: date, then: date, products: Products) -> Mapping[tuple[str, Unit], float]:
        """Add up the units of each product and kind whose figures cover all days from the first to the one before `then`."""
        ...


def span_of(begins_at: datetime, ends_at: datetime) -> Span:
    """Make a span; refuses with SpanInvalid what has no length or is longer than ten years."""
    if not timedelta(0) < ends_at - begins_at <= LONGEST:
        detail = f"The span from {begins_at.isoformat()} to {ends_at.isoformat()} is not possible."
        fix = "Send a `to` that is later than `from`, by ten years at most."
        raise SpanInvalid(detail, FieldError("to", SpanInvalid.code, detail, fix))
    return Span(begins_at, ends_at)


@dataclass(frozen=True, slots=True)
class ReadIndicators:
    """Computes from the records as they stand, so that a replay of what led to them gives the same."""

    records: FigureRecords
    zone: ZoneInfo

    async def __call__(self, span: Span, products: Products = None) -> Indicators:
        """Compute all indicators of a span, of all products or of some."""
        piles = await self.records.piles(span, products)
        return Indicators(
            span=span,
            complaints=of_complaints(await self.records.complaints(span, products), span),
            actions=of_actions(await self.records.actions(span, products), span),
            signals=of_signals(await self.records.signals(span, products), span),
            nonconformities=await self.records.nonconformities(span, products),
            per_million=await self._per_million(span, products, piles),
        )

    async def pareto(
        self, span: Span, products: Products, *, by: By, weigh: Weigh, most: int | None = None
    ) -> Pareto:
        """Rank what complaints received in a span were about; by costs there is a ranking for each currency."""
        values: Counter[str] = Counter()
        for pile in await self.records.piles(span, products):
            weight = SEVERITY_WEIGHTS[pile.severity] if weigh is Weigh.SEVERITY else 1
            values[_name(pile, by)] += pile.number * weight
        return pareto(dict(values), most=most)

    async def costs(
        self, span: Span, products: Products, *, by: By, most: int | None = None
    ) -> Sequence[Costs]:
        """Rank what actions were about by their costs, for each currency, the one of most actions first."""
        currencies: dict[str, list[CostPile]] = defaultdict(list)
        for pile in await self.records.costs(span, products):
            currencies[pile.currency].append(pile)
        found = [_costs(currency, piles, by, most) for currency, piles in currencies.items()]
        return sorted(found, key=lambda each: (-each.actions, each.currency))

    async def _per_million(
        self, span: Span, products: Products, piles: Sequence[Pile]
    ) -> dict[Unit, PerMillion]:
        # Complaints count only where the units of their product are on record for every day of the span.
        units = await self.records.units(
            span.begins_at.astimezone(self.zone).date(), span.ends_at.astimezone(self.zone).date(), products
        )
        counted: Counter[str] = Counter()
        for pile in piles:
            counted[pile.product] += pile.number
        return {
            unit: per_million(
                sum(counted[product] for product, kind in units if kind is unit),
                sum(number for (_, kind), number in units.items() if kind is unit),
            )
            for unit in Unit
        }


def _costs(currency: str, piles: Sequence[CostPile], by: By, most: int | None) -> Costs:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for pile in piles:
        amounts[_name(pile, by)] += pile.amount
    return Costs(
        currency=currency,
        actions=sum(pile.actions for pile in piles),
        amount=sum(amounts.values(), Decimal()),
        kinds=pareto({name: float(amount) for name, amount in amounts.items()}, most=most),
    )


def _name(pile: Pile | CostPile, by: By) -> str:
    match by:
        case By.PRODUCT:
            return pile.product
        case By.CATEGORY:
            return pile.category
        case By.BOTH:
            return f"{pile.product} / {pile.category}"
