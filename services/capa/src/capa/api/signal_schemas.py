"""What the API reads and writes of signals and exposure."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from capa.api.schemas import CodeText, Words
from capa.domain.case.values import Proposal
from capa.domain.severity import Severity
from capa.domain.signals.exposure import Exposure, Unit
from capa.domain.signals.signal import Signal, State, Step


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ConfirmSignalIn(_In):
    """Why the signal is taken for real."""

    reason: Words = Field(
        "", description="What is known already; may be left out.", examples=["new fee table"]
    )

    follow: Proposal | None = Field(
        None,
        description="Of a recurrence of a closed case: what shall follow, where that is not what is proposed.",
        examples=["successor"],
    )


class DismissSignalIn(_In):
    """Why the signal is no trend."""

    reason: Words = Field(
        description="Why, for those who ask later.", examples=["one customer wrote nine times"]
    )


class ClearSignalIn(_In):
    """Why the signal is over."""

    reason: Words = Field(
        description="Why, for those who ask later.", examples=["back to normal since March"]
    )
    new_phase_from: date | None = Field(
        None,
        description="The day on which the level moved for good: limits are frozen anew from its period on.",
        examples=["2026-01-01"],
    )


class SignalOut(_Out):
    """Complaints that come more often than chance explains."""

    id: UUID = Field(description="Its identifier.")
    number: str = Field(description="Its number, to be said on the phone.", examples=["S-1001"])
    state: State = Field(
        description="While raised or confirmed, its rule raises no second one for the same thing."
    )
    allowed_steps: tuple[Step, ...] = Field(description="What can be done with it now.")
    watch: str = Field(
        description="What is watched, by its name in the policy; closed-cases for the recurrence of a case."
    )
    product: str = Field(description="The product's code.")
    category: str = Field(description="The category's code, or * where all are taken together.")
    site: str = Field(
        description="The site's code, * where all are taken together, or - for complaints that name none."
    )
    rule: str = Field(description="The rule that was broken.", examples=["beyond_limit"])
    severity: Severity = Field(description="That of the gravest complaint of its evidence.")
    complaints: int = Field(description="How many complaints were evidence when it was raised.")
    first_at: datetime = Field(description="When the evidence begins.")
    last_at: datetime = Field(description="When the evidence ends.")
    explanation: str = Field(description="Which point broke the rule, and by what limits, in a sentence.")
    policy_version: str = Field(description="The version of the policy that raised it.")
    raised_at: datetime = Field(description="When it was raised.")
    decided_at: datetime | None = Field(description="When it was confirmed or dismissed.")
    cleared_at: datetime | None = Field(description="When it was cleared.")
    reason: str = Field(description="Why it was decided so.")
    clear_reason: str = Field(description="Why it was cleared.")
    nonconformity_id: UUID | None = Field(description="The nonconformity that it led to.")
    case_id: UUID | None = Field(
        description="The closed case whose trouble came back; null for other signals."
    )
    proposal: Proposal | None = Field(
        description="What is proposed about that case: to open it again, or to request a successor."
    )
    led_to: UUID | None = Field(description="The case that the recurrence led to, once it is confirmed.")
    version: int = Field(description="Counts its changes; the ETag.")
    history: str = Field(description="Where its history is read.")
    chart: str = Field(description="Where its chart is drawn, as SVG.")

    @classmethod
    def of(cls, value: Signal) -> "SignalOut":
        """Shape a signal."""
        return cls(**_signal(value))


class SignalDetailOut(SignalOut):
    """A signal with its evidence."""

    evidence: dict[str, Any] = Field(
        description="The chart as it was when the signal was raised: its kind, its frozen limits and baseline, and its "
        "points, each with value, centre line, limits and distance in standard deviations."
    )

    @classmethod
    def of_whole(cls, value: Signal) -> "SignalDetailOut":
        """Shape a signal with its evidence."""
        return cls(**_signal(value), evidence=dict(value.episode.evidence))


def _number(value: Any) -> Any:
    # Pydantic would take true for 1 and a text for a number; a JSON number without a fraction, such as 5.0, is whole.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("int_type", "is no whole number")
    return value


class ExposureIn(_In):
    """Units of a product over a span of days."""

    product: CodeText = Field(description="The product's code.", examples=["credit-card"])
    unit: Unit = Field(description="What is counted: shipped, sold or in use.")
    first_day: date = Field(description="The first day of the span.", examples=["2026-01-01"])
    next_day: date = Field(description="The day after its last one.", examples=["2026-02-01"])
    units: Annotated[int, Field(ge=0, le=9_000_000_000_000_000), BeforeValidator(_number)] = Field(
        description="How many.", examples=[104_500]
    )
    site: CodeText | None = Field(
        None,
        description="The site that they are of; left out, they are of the product as a whole, which is not added up.",
        examples=["plant-2"],
    )


class ExposureOut(_Out):
    """Reported units."""

    product: str = Field(description="The product's code.")
    unit: Unit = Field(description="What is counted.")
    first_day: date = Field(description="The first day of the span.")
    next_day: date = Field(description="The day after its last one.")
    units: int = Field(description="How many.")
    actor: str = Field(description="Who reported it last, as kind:id.")
    reported_at: datetime = Field(description="When it was reported last.")
    site: str | None = Field(description="The site that they are of; null for the product as a whole.")

    @classmethod
    def of(cls, value: Exposure) -> "ExposureOut":
        """Shape a figure."""
        return cls(
            product=value.product,
            unit=value.unit,
            first_day=value.first_day,
            next_day=value.next_day,
            units=value.units,
            actor=value.actor,
            reported_at=value.reported_at,
            site=value.site,
        )


class ExposuresTakenOut(_Out):
    """What came of a file."""

    rows: int = Field(description="Rows of the file.")
    created: int = Field(description="Figures that are new.")
    replaced: int = Field(description="Figures that took the place of earlier ones.")


def _signal(value: Signal) -> dict[str, Any]:
    episode = value.episode
    return {
        "id": value.id,
        "number": value.number,
        "state": value.state,
        "allowed_steps": value.allowed_steps,
        "watch": episode.watch,
        "product": episode.product,
        "category": episode.category,
        "site": episode.site,
        "rule": episode.rule,
        "severity": episode.severity,
        "complaints": episode.complaints,
        "first_at": episode.first_at,
        "last_at": episode.last_at,
        "explanation": episode.explanation,
        "policy_version": value.policy_version,
        "raised_at": value.raised_at,
        "decided_at": value.decided_at,
        "cleared_at": value.cleared_at,
        "reason": value.reason,
        "clear_reason": value.clear_reason,
        "nonconformity_id": value.nonconformity_id,
        "case_id": episode.case_id,
        "proposal": episode.proposal,
        "led_to": value.led_to,
        "version": value.version,
        "history": f"/v1/signals/{value.id}/history",
        "chart": f"/v1/signals/{value.id}/chart.svg",
    }
