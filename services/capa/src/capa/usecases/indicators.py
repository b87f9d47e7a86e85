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
from capa.domain.signals.watch import NO_SITE
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
    SITE = "site"
    ALL_THREE = "product_category_site"


BY_SITE: Final = frozenset({By.SITE, By.ALL_THREE})
"""What tells sites apart."""


class Weigh(StrEnum):
    """What a Pareto table adds up."""

    COUNT = "count"
    SEVERITY = "severity"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Pile:
    """So many complaints of one product, category and severity, and of one site where sites are told apart."""

    product: str
    category: str
    severity: Severity
    number: int
    site: str | None = None


@dataclass(frozen=True, slots=True)
class CostPile:
    """What so many actions on one product and category cost in one currency."""

    product: str
    category: str
    currency: str
    actions: int
    amount: Decimal
    site: None = None


Products = frozenset[str] | None
"""Whose figures are told; None for all products."""

Sites = frozenset[str] | None
"""The sites whose figures are told; None for all of them, and for what names none."""

UnitsOf = tuple[str, str | None, Unit]
"""A product, a site or the product as a whole, and a kind of unit."""


class FigureRecords(Protocol):
    """Reads what indicators are computed from, without locking it."""

    async def complaints(
        self, span: Span, products: Products, sites: Sites = None
    ) -> Sequence[ComplaintRecord]:
        """Read complaints that were received or triaged in a span."""
        ...

    async def actions(self, span: Span, products: Products, sites: Sites = None) -> Sequence[ActionRecord]:
        """Read actions that could matter to a span: those that were given before its end and had not ended before it.

        Those of a site are for nonconformities to which a complaint of it belongs.
        """
        ...

    async def signals(self, span: Span, products: Products, sites: Sites = None) -> Sequence[SignalRecord]:
        """Read signals that were raised or decided in a span; those of a site come from charts of its own."""
        ...

    async def nonconformities(self, span: Span, products: Products, sites: Sites = None) -> int:
        """Count nonconformities that were raised in a span; those of a site are those to which a complaint of it belongs."""
        ...

    async def piles(
        self, span: Span, products: Products, sites: Sites = None, *, apart: bool = False
    ) -> Sequence[Pile]:
        """Count complaints received in a span by product, category and severity; `apart`, by site as well."""
        ...

    async def costs(self, span: Span, products: Products) -> Sequence[CostPile]:
        """Add up what actions cost that ended in a span, or are open and were given in it."""
        ...

    async def units(
        self, first: date, then: date, products: Products, sites: Sites = None
    ) -> Mapping[UnitsOf, float]:
        """Add up the units of each kind, of products or of these sites of them.

        Left out is what figures do not cover on all days from the first to the one before `then`.
        """
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

    async def __call__(self, span: Span, products: Products = None, sites: Sites = None) -> Indicators:
        """Compute all indicators of a span, of all products and sites or of some."""
        return Indicators(
            span=span,
            complaints=of_complaints(await self.records.complaints(span, products, sites), span),
            actions=of_actions(await self.records.actions(span, products, sites), span),
            signals=of_signals(await self.records.signals(span, products, sites), span),
            nonconformities=await self.records.nonconformities(span, products, sites),
            per_million=await self._per_million(span, products, sites),
        )

    async def pareto(
        self,
        span: Span,
        products: Products,
        sites: Sites = None,
        *,
        by: By,
        weigh: Weigh,
        most: int | None = None,
    ) -> Pareto:
        """Rank what complaints received in a span were about; by costs there is a ranking for each currency."""
        values: Counter[str] = Counter()
        apart = by in BY_SITE
        for pile in await self.records.piles(span, products, sites, apart=apart):
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

    async def _per_million(self, span: Span, products: Products, sites: Sites) -> dict[Unit, PerMillion]:
        # Complaints count only where the units of their product, or site, are on record for every day of the span.
        first, then = (at.astimezone(self.zone).date() for at in (span.begins_at, span.ends_at))
        units = await self.records.units(first, then, products, sites)
        counted: Counter[tuple[str, str | None]] = Counter()
        for pile in await self.records.piles(span, products, sites, apart=sites is not None):
            counted[pile.product, pile.site] += pile.number
        return {
            unit: per_million(
                sum(counted[product, site] for product, site, kind in units if kind is unit),
                sum(number for (_, _, kind), number in units.items() if kind is unit),
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
        case By.SITE:
            return pile.site or NO_SITE
        case By.ALL_THREE:
            return f"{pile.product} / {pile.category} / {pile.site or NO_SITE}"
