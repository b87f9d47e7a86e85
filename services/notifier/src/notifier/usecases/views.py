"""What lists are filtered by, and what they show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from notifier.domain.answer import Answer
from notifier.domain.deadline import Deadline, State, TimerEnd
from notifier.domain.delivery import Delivery, DeliveryState
from notifier.domain.notice import Notice, NoticeState, Silence
from notifier.domain.person import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFilter:
    """Which people a list shows; None asks for any."""

    team: str | None = None
    manager: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineFilter:
    """Which deadlines a list shows; `now` is what overdue is measured by."""

    now: datetime
    owner: str | None = None
    overdue: bool | None = None
    subject_id: UUID | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilter:
    """Which notices a list shows."""

    recipient: str | None = None
    channel: Channel | None = None
    state: NoticeState | None = None
    subject_id: UUID | None = None
    delivery_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries a list shows; created from (inclusive) and to (exclusive)."""

    recipient: str | None = None
    channel: Channel | None = None
    state: DeliveryState | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimerView:
    """A step of a deadline's ladder, its moment and what became of it; None while it waits."""

    step: str
    due_at: datetime
    ended: TimerEnd | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """A deadline, its steps, when the next notice about it goes out, and what was answered in its present generation."""

    deadline: Deadline
    timers: Mapping[str, TimerView]
    next_notification_at: datetime | None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice and what became of it."""

    notice: Notice
    state: NoticeState
    reason: Silence | str | None
    delivery_id: UUID
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt; no outcome is known while it runs, and `unknown` where the process died."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery and how many notices it holds."""

    delivery: Delivery
    notices: int
