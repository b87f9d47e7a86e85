"""What is read of a case's effect beside its plan and checks: how its baseline was counted, and whether trouble came back."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from capa.domain.case.values import Proposal


class Out(BaseModel):
    """An answer that is read from a value."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class BaselineOut(Out):
    """The complaints before the work, as they were counted from what is on record."""

    begins_at: datetime = Field(description="From when complaints were counted.")
    ends_at: datetime = Field(description="Until when, not included.")
    events: int = Field(description="How many there were.")
    exposure: float = Field(description="In how much exposure.")
    counted_at: datetime = Field(description="When they were counted.")
    explanation: str = Field(description="What was counted and how, in a sentence.")


class RecurrenceOut(Out):
    """That complaints show the trouble of the closed case again."""

    signal_id: UUID = Field(description="The signal, to be confirmed or dismissed.")
    signal_number: str = Field(description="Its number.", examples=["S-1001"])
    proposal: Proposal = Field(description="What is proposed: to open the case again, or a successor.")
    complaints: int = Field(description="How many complaints show it.")
    first_at: datetime = Field(description="From when complaints were counted.")
    last_at: datetime = Field(description="Until when.")
    explanation: str = Field(description="What the test or the limit says, in sentences.")
    cycle: int = Field(description="The round that had been closed.")
    found_at: datetime = Field(description="When it was found.")
    decision: Literal["confirmed", "dismissed"] | None = Field(
        description="What was decided; null until then."
    )
    decided_by: str | None = Field(description="Who decided, as kind:id.")
    decided_at: datetime | None = Field(description="When.")
    reason: str = Field(description="Why.")
    led_to: UUID | None = Field(description="The case that was opened again or requested.")
