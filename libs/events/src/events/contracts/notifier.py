"""What notifier announces about deadlines and the notices that it sent."""

from typing import ClassVar

from events.envelope import Contract
from events.types import Code, Count, Flag, Id, Instant, StaffText


class DeadlineWarnedV1(Contract):
    """A reminder's moment came before the deadline."""

    type: ClassVar[str] = "redress.deadline.warned.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    step: Code
    due_at: Instant
    warned_at: Instant


class DeadlineBreachedV1(Contract):
    """The due instant passed and nothing said that it was met; the deadline's owner decides whether that is so."""

    type: ClassVar[str] = "redress.deadline.breached.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    due_at: Instant
    breached_at: Instant


class NoticeSentV1(Contract):
    """One recipient was told by one channel."""

    type: ClassVar[str] = "redress.notice.sent.v1"

    notice_id: Id
    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    step: Code
    recipient: Code
    channel: Code
    sent_at: Instant
    maybe_duplicate: Flag = False


class NoticeFailedV1(Contract):
    """One recipient could not be told by one channel, and no further try is made."""

    type: ClassVar[str] = "redress.notice.failed.v1"

    notice_id: Id
    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    step: Code
    recipient: Code
    channel: Code
    reason: Code
    attempts: Count


class NoticeUnroutableV1(Contract):
    """Nobody could be found to tell at one step; `fallback` was told instead, where there is one."""

    type: ClassVar[str] = "redress.notice.unroutable.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    step: Code
    role: Code
    reason: Code
    fallback: Code | None = None


class NoticeAcknowledgedV1(Contract):
    """Somebody said "seen, I am on it" to the newest step of an overdue deadline; it counts until an instant.

    The envelope's actor said so. The ladder goes on: `next_step` comes at `next_at`.
    """

    type: ClassVar[str] = "redress.notice.acknowledged.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    step: Code
    owner: Code | None = None
    acknowledged_at: Instant
    until: Instant
    why: StaffText | None = None
    next_step: Code | None = None
    next_at: Instant | None = None


class NoticeSnoozedV1(Contract):
    """Somebody postponed the next step of an overdue deadline until an instant, for a reason.

    The envelope's actor did so. The ladder goes on: `next_step` comes at `next_at`.
    """

    type: ClassVar[str] = "redress.notice.snoozed.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    step: Code
    owner: Code | None = None
    snoozed_at: Instant
    until: Instant
    why: StaffText | None = None
    next_step: Code | None = None
    next_at: Instant | None = None
