"""Notices: that one deadline's step is told to one person by one channel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from notifier.domain.deadline import Deadline, Severity, State
from notifier.domain.ladder import StepKind
from notifier.domain.person import Channel, Person


class NoticeState(StrEnum):
    """What became of a notice."""

    PLANNED = "planned"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    FAILED = "failed"


class Silence(StrEnum):
    """Why a planned notice is not sent after all."""

    MET = "deadline_met"
    VOIDED = "deadline_voided"
    PAUSED = "deadline_paused"
    REPLACED = "deadline_replaced"
    ACKNOWLEDGED = "deadline_acknowledged"
    SNOOZED = "deadline_snoozed"


UNDELIVERED_SUFFIX = ".undelivered"
"""Ends the step's name in a notice that tells of another that could not be delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One telling, unique by deadline, generation, step, recipient and channel; `why` is said to a stand-in.

    Its trace continues at `traceparent` and `tracestate` when it is delivered.
    """

    id: UUID
    subject_kind: str
    subject_id: UUID
    clock: str
    generation: int
    step: str
    kind: StepKind
    recipient: str
    channel: Channel
    critical: bool
    why: str | None
    created_at: datetime
    traceparent: str | None = None
    tracestate: str | None = None

    @property
    def is_about_failure(self) -> bool:
        """Whether it tells of a notice that could not be delivered."""
        return self.step.endswith(UNDELIVERED_SUFFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A notice as its recipient reads it, and which story and trace it belongs to."""

    notice_id: UUID
    subject_kind: str
    subject_id: UUID
    clock: str
    step: str
    kind: StepKind
    title: str
    due_at: datetime
    severity: Severity
    owner: str | None
    link: str
    why: str | None
    correlation_id: UUID | None = None
    traceparent: str | None = None
    tracestate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one channel brings to one person; `items` are the first of `total` notices."""

    delivery_id: UUID
    person: Person
    channel: Channel
    items: tuple[Item, ...]
    total: int
    attempt: int
    written_at: datetime


def why_silent(deadline: Deadline, generation: int) -> Silence | None:
    """Tell why a notice about this generation must not be sent any more, or None where it may."""
    if deadline.generation != generation:
        return Silence.REPLACED
    match deadline.state:
        case State.OPEN:
            return None
        case State.PAUSED:
            return Silence.PAUSED
        case State.MET:
            return Silence.MET
        case State.VOIDED:
            return Silence.VOIDED
