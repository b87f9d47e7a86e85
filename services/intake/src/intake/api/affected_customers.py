"""`/v1/affected-customers`: what the most different customers complain of."""

from datetime import timedelta
from typing import Annotated, Final, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Principal, requires
from chassis.instants import Instant
from chassis.problems import ProblemError, at_parameter
from intake.api.answer import Answer
from intake.usecases.affected_customers import AffectedCustomers, Asked, By, CountCustomers, Kind
from intake.usecases.form_values import Code

PATH: Final = "/v1/affected-customers"
LONGEST: Final = timedelta(days=3_660)
_MOST: Final = 100

_Reader = Annotated[Principal, requires("complaints:read")]


class AffectedQuery(BaseModel):
    """Of which complaints."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    since: Instant = Field(
        alias="from", description="Received at or after this instant.", examples=["2026-01-01T00:00:00Z"]
    )
    until: Instant = Field(
        alias="to",
        description="Received before this instant, which is later by ten years at most.",
        examples=["2026-04-01T00:00:00Z"],
    )
    by: By = Field(By.BOTH, description="What is told apart.")
    product: list[Code] = Field([], max_length=_MOST, description="Code of the product or service.")
    limit: int = Field(25, ge=1, le=200, description="How many kinds are told at most.")


class KindOut(Answer):
    """One kind of complaint."""

    name: str = Field(
        description="Its product, category or site, or product and category; - where no site was named.",
        examples=["credit-card / fees"],
    )
    customers: int = Field(description="How many different customers complained of it.", examples=[31])
    complaints: int = Field(
        description="How many complaints they made, with the unnamed ones.", examples=[44]
    )
    unnamed: int = Field(
        description="How many complaints tell nothing by which their customer could be known again.",
        examples=[3],
    )
    share: float | None = Field(
        description="Its part of the customers of all kinds, from 0 to 1; null where nobody is known.",
        examples=[0.31],
    )
    cumulative: float | None = Field(
        description="The part of all kinds down to it; null where nobody is known.", examples=[0.31]
    )

    @classmethod
    def of(cls, kind: Kind) -> Self:
        """Show a kind."""
        return cls(
            name=kind.name,
            customers=kind.customers,
            complaints=kind.complaints,
            unnamed=kind.unnamed,
            share=kind.share,
            cumulative=kind.cumulative,
        )


class AffectedCustomersOut(Answer):
    """Kinds of complaints, those of most customers first, equal ones by name."""

    items: list[KindOut] = Field(description="The kinds.")
    customers: int = Field(
        description="How many different customers complained in all; one who did of several kinds counts once.",
        examples=[87],
    )
    complaints: int = Field(description="How many complaints there were in all.", examples=[131])
    unnamed: int = Field(
        description="How many of them tell nothing by which their customer could be known again.",
        examples=[9],
    )

    @classmethod
    def of(cls, found: AffectedCustomers) -> Self:
        """Show what was counted."""
        return cls(
            items=[KindOut.of(each) for each in found.kinds],
            customers=found.customers,
            complaints=found.complaints,
            unnamed=found.unnamed,
        )


def affected_customers_router(customers: CountCustomers) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["complaints"])

    @router.get(PATH, summary="Rank complaints by their customers")
    async def rank_affected_customers(
        query: Annotated[AffectedQuery, Query()], principal: _Reader
    ) -> AffectedCustomersOut:
        """Rank what complaints are about by how many different customers made them, and not by one who complains often.

        A customer is known again by the source's own id of them, else by mail address, else by telephone number. Only numbers
        are shown. Whoever was erased counts as unnamed from then on. What was no complaint is left out. Scope: complaints:read;
        a source system's key sees its own.
        """
        _require_span(query)
        asked = Asked(
            since=query.since,
            until=query.until,
            by=query.by,
            products=frozenset(query.product) or None,
            within=principal.source_system,
            most=query.limit,
        )
        return AffectedCustomersOut.of(await customers.count(asked))

    return router


def _require_span(query: AffectedQuery) -> None:
    if timedelta(0) < query.until - query.since <= LONGEST:
        return
    why, fix = "the span is not possible", "send a `to` that is later than `from`, by ten years at most"
    raise ProblemError(
        "unacceptable", f"{why.capitalize()}.", errors=[at_parameter("to", "span_invalid", why, fix)]
    )
