"""What the records say of a place in a span: how many complaints came, and from how much exposure."""

from dataclasses import dataclass
from datetime import timedelta

from capa.domain.case.values import DAYS, Counted
from capa.domain.errors import ExposureMissing
from capa.domain.signals.exposure import Unit
from capa.usecases.indicators import FigureRecords, Sites
from quality.indicators import Span


@dataclass(frozen=True, slots=True)
class ComplaintLedger:
    """Counts from the records as they stand; nothing is written."""

    records: FigureRecords

    async def count(self, product: str, category: str | None, span: Span, site: str | None = None) -> int:
        """Count complaints received in a span, of one category and site or, where none is named, of all."""
        piles = await self.records.piles(span, frozenset({product}), _only(site))
        return sum(each.number for each in piles if category in {None, each.category})

    async def counted(self, product: str, category: str, unit: str, span: Span) -> Counted:
        """Count complaints of a span against days or a kind of unit.

        Refuses with ExposureMissing where some of its days have no units.
        """
        exposure = await self.exposure(product, None if unit == DAYS else Unit(unit), span)
        if not exposure:
            raise ExposureMissing(
                f"Not every day from {span.begins_at:%Y-%m-%d} to {span.ends_at:%Y-%m-%d} has units "
                f"({unit}) of {product} on record: report them, then take the step again."
            )
        return Counted(await self.count(product, category, span), exposure)

    async def exposure(self, product: str, unit: Unit | None, span: Span, site: str | None = None) -> float:
        """Give the reported units of a span, 0 where some of its days have none; without a unit, its days."""
        if unit is None:
            return (span.ends_at - span.begins_at) / timedelta(days=1)
        units = await self.records.units(
            span.begins_at.date(), span.ends_at.date(), frozenset({product}), _only(site)
        )
        return units.get((product, site, unit), 0.0)


def _only(site: str | None) -> Sites:
    return None if site is None else frozenset({site})
