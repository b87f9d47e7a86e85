"""What is read of nonconformities."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from capa.api.parts import AffectedPart, ConcessionPart, DispositionPartIn
from capa.api.schemas import ActionOut, RefusedStepOut
from capa.domain.blockers import allowed
from capa.domain.nonconformity import Nonconformity, Origin
from capa.domain.nonconformity import State as NonconformityState
from capa.domain.nonconformity_steps import Step, Surroundings, blocked
from capa.domain.severity import Severity
from capa.usecases.reading import LinkedComplaint, NonconformityView


class Out(BaseModel):
    """An answer that is read from a value."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


OutT = TypeVar("OutT", bound=Out)


class DispositionOut(Out):
    """What is done with what is affected."""

    parts: list[DispositionPartIn] = Field(description="What is done with each lot or part of it.")
    rationale: str = Field(description="Why.")
    concession: ConcessionPart | None = Field(description="Who authorised a use as is.")
    decided_by: str = Field(description="Who decided, as kind:id.")
    decided_at: datetime = Field(description="When.")


class CaseDecisionOut(Out):
    """Whether a corrective-action case is needed."""

    needed: bool = Field(description="Whether one is.")
    rationale: str = Field(description="Why.")
    decided_by: str = Field(description="Who decided, as kind:id.")
    decided_at: datetime = Field(description="When.")


class CaseBriefOut(Out):
    """A case that answers a nonconformity."""

    id: UUID = Field(description="Its identifier.")
    number: str = Field(description="Its number.", examples=["CA-1001"])
    state: str = Field(description="Where it is in its life.")


class NonconformityOut(Out):
    """A requirement that was not met."""

    id: UUID = Field(description="Its identifier.")
    number: str = Field(description="Its number, to be said on the phone.", examples=["NC-1001"])
    state: NonconformityState = Field(description="An open one still takes complaints.")
    product: str = Field(description="The product's code.")
    category: str = Field(description="The category's code.")
    severity: Severity = Field(description="That of the gravest complaint linked.")
    origin: Origin = Field(description="Where it was noticed.")
    origin_reference: str | None = Field(
        description="The audit, supplier or process where it was noticed, or the signal."
    )
    origin_complaint_id: UUID | None = Field(description="The complaint that raised it.")
    anchor_at: datetime = Field(
        description="When that complaint was received, or when it was noticed; complaints received near the complaint that "
        "raised it belong to this nonconformity."
    )
    description: str = Field(description="Which requirement is not met, and how that shows.")
    affected: list[AffectedPart] = Field(description="The lots that are affected.")
    disposition: DispositionOut | None = Field(description="What is done with what is affected.")
    case_decision: CaseDecisionOut | None = Field(description="Whether a corrective-action case is needed.")
    closed_at: datetime | None = Field(description="When it was closed.")
    complaint_count: int = Field(description="How many complaints are linked.")
    raised_at: datetime = Field(description="When it was raised.")
    correlation_id: UUID = Field(description="Ties together all that one complaint caused.")
    version: int = Field(description="Counts its changes; the ETag.")
    history: str = Field(description="Where its history is read.")
    signal: str | None = Field(
        description="Where the signal that it was raised from is read, with its evidence; null for other origins."
    )
    chart: str | None = Field(description="Where that signal's chart is drawn, as SVG.")

    @classmethod
    def of(cls, value: Nonconformity) -> "NonconformityOut":
        """Shape a nonconformity."""
        return cls(**_nonconformity(value))


class LinkedComplaintOut(Out):
    """A complaint of a nonconformity, as its source has it now."""

    id: UUID = Field(description="The complaint's identifier in intake.")
    number: str = Field(description="The complaint's number.", examples=["C-10023"])
    severity: Severity = Field(
        description="Its severity as it was assessed, or as its source reported it until then."
    )
    product: str = Field(description="The product's code.")
    category: str = Field(description="The category's code.")
    channel: str = Field(description="How it came in.")
    received_at: datetime = Field(description="When it reached the organisation.")
    linked_at: datetime = Field(description="When triage linked it.")
    ended: str | None = Field(
        description="rejected, withdrawn or linked (as a duplicate) where it ended so; it stays here, and raises nothing more."
    )
    site: str | None = Field(description="The site that it concerns; null where none was named.")

    @classmethod
    def of(cls, value: LinkedComplaint) -> "LinkedComplaintOut":
        """Shape a linked complaint."""
        return cls(
            id=value.id,
            number=value.number,
            severity=value.severity,
            product=value.product,
            category=value.category,
            channel=value.channel,
            received_at=value.received_at,
            linked_at=value.linked_at,
            ended=value.ended,
            site=value.site,
        )


class NonconformityDetailOut(NonconformityOut):
    """A nonconformity with its complaints and actions."""

    complaints: list[LinkedComplaintOut] = Field(
        description="The complaints linked first, at most 100; `complaint_count` counts all."
    )
    actions: list[ActionOut] = Field(description="What is done about it.")
    cases: list[CaseBriefOut] = Field(description="The corrective-action cases that answer it.")
    allowed_steps: list[Step] = Field(description="What can be done with it now.")
    refused_steps: list[RefusedStepOut] = Field(description="What is not possible now, and why.")

    @classmethod
    def of_view(cls, view: NonconformityView, now: datetime) -> "NonconformityDetailOut":
        """Shape a nonconformity with what belongs to it as of an instant."""
        stopped = blocked(view.nonconformity, Surroundings(view.actions, view.living_cases))
        return cls(
            **_nonconformity(view.nonconformity),
            complaints=[LinkedComplaintOut.of(complaint) for complaint in view.complaints],
            actions=[ActionOut.of(action, now) for action in view.actions],
            cases=[CaseBriefOut.model_validate(each) for each in view.cases],
            allowed_steps=list(allowed(stopped)),
            refused_steps=[
                RefusedStepOut.model_validate({"step": step.value, "because": because})
                for step, because in stopped.items()
                if because
            ],
        )


def _maybe(shape: type[OutT], value: object) -> OutT | None:
    return None if value is None else shape.model_validate(value)


def _nonconformity(value: Nonconformity) -> dict[str, Any]:
    signal = f"/v1/signals/{value.origin_reference}" if value.origin is Origin.SIGNAL else None
    return {
        "id": value.id,
        "number": value.number,
        "state": value.state,
        "product": value.product,
        "category": value.category,
        "severity": value.severity,
        "origin": value.origin,
        "origin_reference": value.origin_reference,
        "description": value.description,
        "affected": [AffectedPart.model_validate(each) for each in value.affected],
        "disposition": _maybe(DispositionOut, value.disposition),
        "case_decision": _maybe(CaseDecisionOut, value.case_decision),
        "closed_at": value.closed_at,
        "origin_complaint_id": value.origin_complaint_id,
        "anchor_at": value.anchor_at,
        "complaint_count": value.complaints,
        "raised_at": value.raised_at,
        "correlation_id": value.correlation_id,
        "version": value.version,
        "history": f"/v1/nonconformities/{value.id}/history",
        "signal": signal,
        "chart": None if signal is None else f"{signal}/chart.svg",
    }
