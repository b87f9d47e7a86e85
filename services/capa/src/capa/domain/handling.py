"""What is known of how a complaint is handled: facts that stand by themselves, in whatever order they are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from quality.handling import Kind, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """A step, named by the version that it left the complaint in; of an answer also whether it was investigated."""

    complaint_id: UUID
    version: int
    step: Step
    at: datetime
    investigated: bool | None = None


class Standing(IntEnum):
    """How a deadline stands; of what is said of one generation the greater comes later."""

    RUNS = 0
    ON_HOLD = 1
    VOIDED = 2
    MET = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineStands:
    """A clock of a complaint as one event tells it, whole; what the latest generation says holds."""

    complaint_id: UUID
    clock: str
    ordinal: int
    kind: Kind
    generation: int
    standing: Standing
    started_at: datetime
    original_due_at: datetime
    due_at: datetime
    ended_at: datetime | None


HandlingFact = StepTaken | DeadlineStands
"""What is told of the handling of a complaint."""
