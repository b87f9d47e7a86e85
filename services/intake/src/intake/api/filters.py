"""Which complaints a list holds, as query parameters."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chassis.instants import Instant
from chassis.paging import DEFAULT_LIMIT, MAXIMAL_LIMIT
from intake.domain.clocks.rule import Kind
from intake.domain.complaint import Channel, Severity, State
from intake.usecases.form_values import EARLIEST_YEAR, LATEST_YEAR, WITHIN_YEARS, Code, ExternalId, Line
from intake.usecases.views import Filters, Sort, TriageState

_MOST: Final = 100
_LONGEST_CURSOR: Final = 1_024
LONGEST_SEARCH: Final = 200


def _in_range(value: datetime) -> datetime:
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}")
    return value


Search = Annotated[Line, StringConstraints(max_length=LONGEST_SEARCH)]
"""What a person types into a search box."""
_Instant = Annotated[Instant, AfterValidator(_in_range), WITHIN_YEARS]


class ComplaintFilters(BaseModel):
    """A parameter given several times is a choice; different parameters all hold. Periods are half-open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: Search | None = Field(
        None,
        description="Words of the title, description, product, category, lot, serial number or external id, or a number such "
        'as C-10023. All must be there, in any form that begins so; "in quotes" in this order, -not for what must not be there, '
        "`or` between two for either.",
        examples=["charged twice"],
    )
    source_system: list[Code] = Field([], max_length=_MOST, description="Where it comes from.")
    external_id: list[ExternalId] = Field([], max_length=_MOST, description="The source's own id of it.")
    product: list[Code] = Field([], max_length=_MOST, description="Code of the product or service.")
    category: list[Code] = Field([], max_length=_MOST, description="Code of what went wrong.")
    lot: list[Code] = Field([], max_length=_MOST, description="Code of the lot or batch.")
    site: list[Code] = Field([], max_length=_MOST, description="Code of the site that it concerns.")
    serial: list[Line] = Field([], max_length=_MOST, description="Serial number of the thing.")
    channel: list[Channel] = Field([], description="How it reached the organisation.")
    reported_severity: list[Severity] = Field(
        [], description="How bad the consequence is, as the source sees it."
    )
    state: list[State] = Field([], description="Where the work on it stands.")
    owner: list[Code] = Field([], max_length=_MOST, description="Who owns it.")
    team: list[Code] = Field([], max_length=_MOST, description="The owner's team.")
    severity: list[Severity] = Field([], description="How bad the consequence is, as it was assessed.")
    triage: list[TriageState] = Field([], description="What triage made of it; pending until it has decided.")
    historical: bool | None = Field(None, description="Whether it was only put on record.")
    has_nonconformity: bool | None = Field(None, description="Whether it belongs to a nonconformity.")
    complainant_reference: list[Line] = Field(
        [],
        max_length=_MOST,
        description="The source's own id of the person who complains. Needs the scope complaints:personal.",
    )
    occurred_from: _Instant | None = Field(None, description="Happened at or after this instant.")
    occurred_to: _Instant | None = Field(None, description="Happened before this instant.")
    received_from: _Instant | None = Field(None, description="Received at or after this instant.")
    received_to: _Instant | None = Field(None, description="Received before this instant.")
    updated_since: _Instant | None = Field(
        None,
        description="It, or what became of it, changed at or after this instant. Ask with a minute's overlap: a change "
        "is dated a little before it can be read.",
    )
    updated_to: _Instant | None = Field(
        None, description="Neither it nor what became of it changed at or after this instant."
    )

    overdue: bool | None = Field(
        None,
        description="Whether one of its clocks runs although the due instant has passed; of the kinds in `clock`, where "
        "named.",
    )
    clock: list[Kind] = Field(
        [],
        description="Has a clock of this kind that runs; with `overdue` and `due_before`, one that is all of that.",
    )
    due_before: _Instant | None = Field(
        None, description="Has a clock that runs and is due before this instant."
    )

    def filters(self, now: datetime) -> Filters:
        """Give the filters alone, with the instant at which something is overdue."""
        return Filters(**{name: getattr(self, name) for name in ComplaintFilters.model_fields}, now=now)


class OrderedFilters(ComplaintFilters):
    """Which complaints, in which order, and from where on."""

    sort: Sort = Field("-received_at", description="Order of the list; with a minus the latest come first.")
    cursor: str | None = Field(
        None,
        max_length=_LONGEST_CURSOR,
        description="`next_cursor` of the page before, with the same filters.",
    )

    def bound(self) -> dict[str, Any]:
        """Give what a cursor is bound to: the filters and the order."""
        return self.model_dump(mode="json", include={*ComplaintFilters.model_fields, "sort"})


class ComplaintQuery(OrderedFilters):
    """Which complaints a list holds, in which order, and which page of it."""

    limit: int = Field(
        DEFAULT_LIMIT, ge=1, le=MAXIMAL_LIMIT, description="How many items a page has at most."
    )
