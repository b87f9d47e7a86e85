"""Answers to notices, as they go in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.instants import Instant
from notifier.domain.answer import Answer

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class AcknowledgeIn(BaseModel):
    """That the owner has seen it and is on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason | None = Field(
        None,
        description="Why, without personal data of customers; needed from whoever answers in the place of the owner.",
        examples=["She called: the letters go out today."],
    )


class SnoozeIn(BaseModel):
    """Until when the next step shall wait, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    until: Instant = Field(
        description="The moment that the next step gets: after the one it has, and within the bounds of the ladder.",
        examples=["2026-12-02T16:00:00Z"],
    )
    reason: Reason = Field(
        description="Why it can wait, without personal data of customers.",
        examples=["The supplier delivers tomorrow at noon."],
    )


class AnswerOut(BaseModel):
    """What was answered to a step, and what it postponed."""

    step: str = Field(description="The newest step that had fired then.")
    by: str = Field(description="Who answered, as kind:id.")
    for_owner: str | None = Field(
        description="The owner, where somebody answered in their place; null where the owner did."
    )
    reason: str | None = Field(description="Why, as whoever answered said it.")
    at: datetime = Field(description="When.")
    until: datetime = Field(description="Until when it counts.")
    in_force: bool = Field(description="Whether it counts now.")
    postponed_step: str | None = Field(
        description="The step that it postponed, null where it postponed none."
    )
    postponed_from: datetime | None = Field(description="The moment that the step had.")
    postponed_to: datetime | None = Field(description="The moment that it gave the step.")

    @classmethod
    def of(cls, answer: Answer, now: datetime, *, is_open: bool) -> Self:
        """Show an answer as of an instant; one to what is met, voided or paused counts no more."""
        moved = answer.postponed
        own = answer.owner is not None and answer.by == f"person:{answer.owner}"
        return cls(
            step=answer.step,
            by=answer.by,
            for_owner=None if own else answer.owner,
            reason=answer.reason,
            at=answer.at,
            until=answer.until,
            in_force=is_open and answer.holds(now),
            postponed_step=moved.step if moved else None,
            postponed_from=moved.planned if moved else None,
            postponed_to=moved.to if moved else None,
        )
