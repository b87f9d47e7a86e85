"""What is sent to give an action, and with its later steps."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from capa.api.parts import Amount, Line
from capa.api.schemas import ONE_OF_TWO, CodeText, DurationText, Words
from capa.domain.action import Kind
from capa.usecases.give_action import Wanted
from chassis.instants import Instant
from worktime.durations import Duration, parse_duration

_WHY = "Why, for those who ask later."


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GiveActionIn(_In):
    """What shall be done, by whom and by when."""

    model_config = ConfigDict(
        json_schema_extra={
            **ONE_OF_TWO,
            "examples": [
                {
                    "kind": "containment",
                    "title": "Review the fee table monthly",
                    "owner": "credit.team",
                    "team": "credit",
                    "due": "10wd",
                    "causes": [],
                }
            ],
        }
    )

    kind: Kind = Field(description="What it is for.")
    title: Line = Field(
        description="What shall be done, in a line.", examples=["Review the fee table monthly"]
    )
    owner: CodeText | None = Field(None, description="Who shall do it; a person known to notifier.")
    team: CodeText | None = Field(None, description="The team that does it or finds somebody.")
    due_at: Instant | None = Field(
        None, description="By when, with its offset.", examples=["2026-12-01T17:00:00+01:00"]
    )
    due: DurationText | None = Field(
        None,
        description="How long from now in the triage policy's calendar, such as 3wd or 14d.",
        examples=["10wd"],
    )
    causes: list[UUID] = Field([], description="The causes of the case that it works against.", max_length=50)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.due_at is None) == (self.due is None):
            raise ValueError("send either due_at or due")
        return self

    def wanted(self) -> Wanted:
        """Make what the use case knows."""
        return Wanted(
            kind=self.kind,
            title=self.title,
            owner=self.owner,
            team=self.team,
            due=self._due(),
            causes=tuple(dict.fromkeys(self.causes)),
        )

    def _due(self) -> datetime | Duration:
        due = parse_duration(self.due) if self.due is not None else self.due_at
        if due is None:
            raise ValueError("the body was read without a due time")
        return due


class VerifyActionIn(_In):
    """What somebody else than the doer saw."""

    statement: Words = Field(description="What was seen.", examples=["The review is in the calendar."])


class RejectEvidenceIn(_In):
    """Why the evidence does not show that it was done."""

    reason: Words = Field(description=_WHY, examples=["The list lacks the letters of May."])


class RecordCostIn(_In):
    """What the action cost in all."""

    amount: Amount = Field(description="The amount.", examples=["1250.00"])
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        description="The currency's code of ISO 4217.", examples=["EUR"]
    )
    note: Words = Field("", description="What for.")


class RequestActionExtensionIn(_In):
    """A later due time."""

    due_at: Instant = Field(
        description="The later due time, with its offset.", examples=["2026-12-01T17:00:00+01:00"]
    )
    reason: Words = Field(description=_WHY, examples=["The supplier answers in a week."])


class DecideActionExtensionIn(_In):
    """Whether the later due time is granted."""

    granted: bool = Field(description="Whether it is granted.")
    reason: Words = Field(description=_WHY, examples=["The supplier confirmed it."])
