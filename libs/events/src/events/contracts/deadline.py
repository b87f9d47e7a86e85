"""What the owner of a deadline announces about it; intake and capa both do.

A deadline is named by its subject and clock. Its generation rises whenever due instant, calendar, ladder or owner
change, and whoever acts on a deadline acts on the highest generation only.

Of a clock that has kinds and runs, as those of complaints have, all of it is told with each event: its kind, which of the
clocks of that name it is, from when it counts, and the due instant that it had first.
"""

from typing import ClassVar

from events.contracts.words import Punctuality, Severity
from events.envelope import Contract
from events.types import Code, Count, Detail, Id, Instant, Link, StaffText


class DeadlineSetV1(Contract):
    """Something must be done by an instant."""

    type: ClassVar[str] = "redress.deadline.set.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    parent_kind: Code | None = None
    parent_id: Id | None = None
    title: StaffText
    due_at: Instant
    owner: Code | None = None
    team: Code | None = None
    severity: Severity
    link: Link
    ladder: Code | None = None
    calendar: Code
    policy_version: Code
    explanation: Detail
    kind: Code | None = None
    ordinal: Count | None = None
    started_at: Instant | None = None
    original_due_at: Instant | None = None


class DeadlineMetV1(Contract):
    """What had to be done was done, early or late."""

    type: ClassVar[str] = "redress.deadline.met.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    due_at: Instant
    met_at: Instant
    punctuality: Punctuality
    kind: Code | None = None
    ordinal: Count | None = None
    started_at: Instant | None = None
    original_due_at: Instant | None = None


class DeadlineVoidedV1(Contract):
    """It no longer has to be done."""

    type: ClassVar[str] = "redress.deadline.voided.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    reason: Code
    due_at: Instant | None = None
    kind: Code | None = None
    ordinal: Count | None = None
    started_at: Instant | None = None
    original_due_at: Instant | None = None


class DeadlinePausedV1(Contract):
    """Its time stands still: nobody is reminded of it until it is resumed, met or voided."""

    type: ClassVar[str] = "redress.deadline.paused.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    paused_at: Instant
    reason: Code
    due_at: Instant | None = None
    kind: Code | None = None
    ordinal: Count | None = None
    started_at: Instant | None = None
    original_due_at: Instant | None = None


class DeadlineResumedV1(Contract):
    """Its time runs on, in a new generation with a due instant that what was paused does not count towards."""

    type: ClassVar[str] = "redress.deadline.resumed.v1"

    subject_kind: Code
    subject_id: Id
    clock: Code
    generation: Count
    due_at: Instant
    resumed_at: Instant
    calendar: Code
    explanation: Detail
    kind: Code | None = None
    ordinal: Count | None = None
    started_at: Instant | None = None
    original_due_at: Instant | None = None
