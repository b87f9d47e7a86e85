"""Which complaints a list holds, as query parameters."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from chassis.paging import DEFAULT_LIMIT, MAXIMAL_LIMIT
from intake.domain.complaint import Channel, Severity, State
from intake.usecases.form_values import EARLIEST_YEAR, LATEST_YEAR, Code, ExternalId
from intake.usecases.views import Filters, Sort, TriageState

_MOST: Final = 100
_LONGEST_CURSOR: Final = 1_024


def _in_range(value: datetime) -> datetime:
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}")
    return value


_Instant = Annotated[AwareDatetime, AfterValidator(_in_range)]


class ComplaintQuery(BaseModel):
    """A parameter given several times is a choice; different parameters all hold. Periods are half-open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_system: list[Code] = Field([], max_length=_MOST, description="Where it comes from.")
    external_id: list[ExternalId] = Field([], max_length=_MOST, description="The source's own id of it.")
    product: list[Code] = Field([], max_length=_MOST, description="Code of the product or service.")
    category: list[Code] = Field([], max_length=_MOST, description="Code of what went wrong.")
    channel: list[Channel] = Field([], description="How it reached the organisation.")
    reported_severity: list[Severity] = Field(
        [], description="How bad the consequence is, as the source sees it."
    )
    state: list[State] = Field([], description="Where the work on it stands.")
    triage: list[TriageState] = Field([], description="What triage made of it; pending until it has decided.")
    historical: bool | None = Field(None, description="Whether it was only put on record.")
    received_from: _Instant | None = Field(None, description="Received at or after this instant.")
    received_to: _Instant | None = Field(None, description="Received before this instant.")
    updated_since: _Instant | None = Field(
        None,
        description="It, or what became of it, changed at or after this instant. Ask with a minute's overlap: a change "
        "is dated a little before it can be read.",
    )
    sort: Sort = Field("-received_at", description="Order of the list; with a minus the latest come first.")
    cursor: str | None = Field(
        None,
        max_length=_LONGEST_CURSOR,
        description="`next_cursor` of the page before, with the same filters.",
    )
    limit: int = Field(
        DEFAULT_LIMIT, ge=1, le=MAXIMAL_LIMIT, description="How many items a page has at most."
    )

    def filters(self) -> Filters:
        """Give the filters alone."""
        return Filters(
            source_system=self.source_system,
            external_id=self.external_id,
            product=self.product,
            category=self.category,
            channel=self.channel,
            reported_severity=self.reported_severity,
            state=self.state,
            triage=self.triage,
            historical=self.historical,
            received_from=self.received_from,
            received_to=self.received_to,
            updated_since=self.updated_since,
        )

    def bound(self) -> dict[str, Any]:
        """Give what a cursor is bound to: everything but the place and length of the page."""
        return self.model_dump(mode="json", exclude={"cursor", "limit"})
