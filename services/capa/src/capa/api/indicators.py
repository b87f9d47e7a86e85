"""Indicators and Pareto tables of a span."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from capa.api.desk import Desk
from capa.api.figure_schemas import DurationsOut, FigureOut, ShareOut
from capa.api.handling_figures import CaseFiguresOut, HandlingFiguresOut, LevelFiguresOut
from capa.api.parameters import ProductQuery, SiteQuery, any_of
from capa.domain.review.values import HandlingIndicators, Indicators
from capa.domain.signals.exposure import Unit
from capa.usecases.indicators import BY_SITE, By, Sites, Weigh, span_of
from chassis.auth import Principal, requires
from chassis.instants import Instant
from chassis.problems import ProblemError, at_parameter
from quality.indicators import PerMillion
from quality.pareto import NOTHING, Bar, Pareto

TAG = "Indicators"
Reader = Annotated[Principal, requires("indicators:read")]
From = Annotated[Instant, Query(alias="from", description="The begin of the span, included.")]
To = Annotated[
    Instant, Query(alias="to", description="The end of the span, not included; ten years at most.")
]


class PerMillionOut(FigureOut):
    """Complaints for each million units of the products whose units are on record for the whole span."""

    complaints: int = Field(description="Complaints of those products.")
    units: float = Field(description="Their units.")
    value: float | None = Field(description="Complaints for each million units; null without units.")
    low: float | None = Field(description="The exact interval's lower bound, 95 %.")
    high: float | None = Field(description="The exact interval's upper bound, 95 %.")

    @classmethod
    def of(cls, value: PerMillion) -> "PerMillionOut":
        """Shape a rate."""
        return cls(
            complaints=value.complaints, units=value.units, value=value.value, low=value.low, high=value.high
        )


class ComplaintFiguresOut(FigureOut):
    """Of complaints."""

    received: int = Field(
        description="Received in the span, historical and withdrawn ones too; not what was rejected as no complaint, nor duplicates."
    )
    converted: ShareOut = Field(
        description="Of those received in the span, those that belong to a nonconformity."
    )
    time_to_triage: DurationsOut = Field(
        description="From receipt to the decision of triage, of all that were decided in the span and not historical."
    )


class ActionFiguresOut(FigureOut):
    """Of actions. Cancelled ones fall due for nobody; a late one that is still open is a miss."""

    given: int = Field(description="Given in the span.")
    completed: int = Field(description="Completed in the span.")
    cancelled: int = Field(description="Cancelled in the span.")
    cycle_time: DurationsOut = Field(description="From giving to completion, of those completed in the span.")
    on_time: ShareOut = Field(
        description="Completed by the present due instant, of those due in the span by it."
    )
    on_time_original: ShareOut = Field(
        description="Completed by the due instant that was set first, of those due in the span by that one."
    )
    extended: ShareOut = Field(description="Whose due instant was moved, of those first due in the span.")
    overdue: ShareOut = Field(description="Past their due instant, of those open at the end of the span.")
    overdue_by_age: dict[str, int] = Field(description="The overdue ones by how long they are.")
    backlog: int = Field(description="Open at the end of the span.")
    backlog_change: int = Field(description="Given less completed and cancelled in the span.")


class SignalFiguresOut(FigureOut):
    """Of trend signals."""

    raised: int = Field(description="Raised in the span.")
    confirmed: ShareOut = Field(description="Confirmed, of those decided in the span.")


class IndicatorsOut(FigureOut):
    """The indicators of a span, from the records as they stand now."""

    begins_at: datetime = Field(description="The begin of the span.")
    ends_at: datetime = Field(description="Its end, not included.")
    complaints: ComplaintFiguresOut = Field(description="Of complaints.")
    actions: ActionFiguresOut = Field(description="Of actions.")
    nonconformities_raised: int = Field(description="Nonconformities raised in the span.")
    signals: SignalFiguresOut = Field(description="Of trend signals.")
    per_million: dict[Unit, PerMillionOut] = Field(
        description="Complaints for each million units, by kind of unit."
    )
    handling: HandlingFiguresOut = Field(
        description="Of how complaints are handled, historical ones left out, and up to now where the span goes on."
    )
    cases: CaseFiguresOut = Field(description="Of corrective-action cases, up to now where the span goes on.")
    escalation: dict[str, LevelFiguresOut] = Field(
        description="Of notices about actions, by the level of the escalation that was told."
    )

    @classmethod
    def of(cls, value: Indicators, handled: HandlingIndicators) -> "IndicatorsOut":
        """Shape indicators."""
        complaints, actions, signals = value.complaints, value.actions, value.signals
        return cls(
            begins_at=value.span.begins_at,
            ends_at=value.span.ends_at,
            complaints=ComplaintFiguresOut(
                received=complaints.received,
                converted=ShareOut.of(complaints.converted),
                time_to_triage=DurationsOut.of(complaints.time_to_triage),
            ),
            actions=ActionFiguresOut(
                given=actions.given,
                completed=actions.completed,
                cancelled=actions.cancelled,
                cycle_time=DurationsOut.of(actions.cycle_time),
                on_time=ShareOut.of(actions.on_time),
                on_time_original=ShareOut.of(actions.on_time_original),
                extended=ShareOut.of(actions.extended),
                overdue=ShareOut.of(actions.overdue),
                overdue_by_age=dict(actions.overdue_by_age),
                backlog=actions.backlog,
                backlog_change=actions.backlog_change,
            ),
            nonconformities_raised=value.nonconformities,
            signals=SignalFiguresOut(raised=signals.raised, confirmed=ShareOut.of(signals.confirmed)),
            per_million={unit: PerMillionOut.of(each) for unit, each in value.per_million.items()},
            handling=HandlingFiguresOut.of(handled.complaints),
            cases=CaseFiguresOut.of(handled.cases),
            escalation={level: LevelFiguresOut.of(each) for level, each in handled.escalation.items()},
        )


class BarOut(FigureOut):
    """One kind."""

    name: str = Field(
        description="Its product, category or site, or what was asked for of these; - where no site was named."
    )
    value: float = Field(description="Complaints, their weights, or costs.")
    amount: Decimal | None = Field(
        None, description="Costs, exact; null where complaints are ranked.", examples=["1250.00"]
    )
    share: float = Field(description="Its share of the total.")
    cumulative: float = Field(description="The share of all kinds down to this one.")
    vital: bool = Field(description="Whether it is one of the vital few, which together reach 80 %.")

    @classmethod
    def of(cls, value: Bar, *, costs: bool) -> "BarOut":
        """Shape a bar."""
        return cls(
            name=value.name,
            value=value.value,
            amount=Decimal(f"{value.value:.2f}") if costs else None,
            share=value.share,
            cumulative=value.cumulative,
            vital=value.vital,
        )


class ParetoOut(FigureOut):
    """Kinds of complaints received in a span, or of actions that cost something, the greatest first, equal ones by name."""

    total: float = Field(description="The sum of all.")
    bars: list[BarOut] = Field(description="The kinds, at most `limit` of them.")
    other: BarOut | None = Field(description="The rest taken together; null where there is none.")
    currency: str | None = Field(
        None, description="The currency of the costs; null where complaints are ranked.", examples=["EUR"]
    )

    @classmethod
    def of(cls, value: Pareto, currency: str | None = None) -> "ParetoOut":
        """Shape a table; of costs in a currency, where there is one."""
        costs = currency is not None
        return cls(
            total=value.total,
            bars=[BarOut.of(each, costs=costs) for each in value.bars],
            other=None if value.other is None else BarOut.of(value.other, costs=costs),
            currency=currency,
        )


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1", tags=[TAG])

    @router.get("/indicators", summary="Read the indicators of a span")
    async def read_indicators(
        *, _: Reader, begins_at: From, ends_at: To, product: ProductQuery = None, site: SiteQuery = None
    ) -> IndicatorsOut:
        """Read the indicators of complaints, actions, cases, escalation and signals, of all products and sites or of some.

        Of a site are the complaints that name it, the nonconformities to which one of them belongs, the actions for these and for
        the cases about them, the signals of its own charts, and the units reported of it.
        """
        span, products, sites = span_of(begins_at, ends_at), any_of(product), any_of(site)
        return IndicatorsOut.of(
            await desk.indicators(span, products, sites),
            await desk.handling_indicators(span, products, sites),
        )

    @router.get("/pareto", summary="Rank what complaints are about")
    async def read_pareto(
        *,
        _: Reader,
        begins_at: From,
        ends_at: To,
        by: Annotated[By, Query(description="What is told apart.")] = By.BOTH,
        weigh: Annotated[
            Weigh,
            Query(
                description="Complaints, their severity (minor 1, major 3, critical 9), or what actions cost that ended in the "
                "span, or are open and were given in it."
            ),
        ] = Weigh.COUNT,
        currency: Annotated[
            str | None,
            Query(
                pattern=r"^[A-Z]{3}$",
                description="The currency of costs, by its code of ISO 4217; needed where `weigh` is cost.",
            ),
        ] = None,
        product: ProductQuery = None,
        site: SiteQuery = None,
        limit: Annotated[int, Query(ge=1, le=200, description="At most so many kinds are told singly.")] = 25,
    ) -> ParetoOut:
        """Rank products, categories, sites or what they make together by complaints received or by costs; mark the vital few.

        Costs in different currencies are never added up, and belong to no site.
        """
        _require_currency(weigh, currency)
        span, products, sites = span_of(begins_at, ends_at), any_of(product), any_of(site)
        if currency is not None:
            _refuse_sites(by, sites)
            made = await desk.indicators.costs(span, products, by=by, most=limit)
            kinds = next((each.kinds for each in made if each.currency == currency), NOTHING)
            return ParetoOut.of(kinds, currency)
        ranked = await desk.indicators.pareto(span, products, sites, by=by, weigh=weigh, most=limit)
        return ParetoOut.of(ranked)

    return router


def _require_currency(weigh: Weigh, currency: str | None) -> None:
    if (weigh is Weigh.COST) == (currency is not None):
        return
    if currency is None:
        why, fix = "costs are ranked in one currency", "name it, such as EUR"
    else:
        why, fix = "only costs have a currency", "leave it out, or send weigh=cost"
    raise ProblemError(
        "unacceptable", f"{why.capitalize()}.", errors=[at_parameter("currency", "currency", why, fix)]
    )


def _refuse_sites(by: By, sites: Sites) -> None:
    if by not in BY_SITE and sites is None:
        return
    name = "by" if by in BY_SITE else "site"
    why, fix = "costs belong to no site", "leave the site out, or rank complaints"
    raise ProblemError("unacceptable", f"{why.capitalize()}.", errors=[at_parameter(name, "site", why, fix)])
