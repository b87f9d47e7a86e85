"""What the owner of a deadline announces about it; intake and capa both do.

A deadline is named by its subject and clock. Its generation rises whenever due instant, calendar, ladder or owner
change, and whoever acts on a deadline acts on the highest generation only.

Deadlines that one subject gets at once may be told in one event; each stands by itself as if told alone.

Of a clock that has kinds and runs, as those of complaints have, all of it is told with each event: its kind, which of the
clocks of that name it is, from when it counts, and the due instant that it had first.
"""

from typing import ClassVar, Final

from pydantic import Field

from events.contracts.words import Punctuality, Severity
from events.envelope import Contract, Part
from events.types import Code, Count, Detail, Id, Instant, Link, StaffText

MOST_AT_ONCE: Final = 100
"""How many deadlines one event tells at most, a bound for records and for consumers' transactions; more take several events."""


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


class EachDeadline(Part):
    """What each of several deadlines has of its own."""

    noun: ClassVar[str] = "deadline"

    clock: Code
    generation: Count
    title: StaffText
    due_at: Instant
    owner: Code | None = None
    team: Code | None = None
    ladder: Code | None = None
    calendar: Code
    policy_version: Code
    explanation: Detail
    kind: Code | None = None
    ordinal: Count | None = None
    started_at: Instant | None = None
    original_due_at: Instant | None = None


class DeadlinesSetV1(Contract):
    """Several things must be done about one subject, each by an instant of its own."""

    type: ClassVar[str] = "redress.deadlines.set.v1"

    subject_kind: Code
    subject_id: Id
    parent_kind: Code | None = None
    parent_id: Id | None = None
    severity: Severity
    link: Link
    deadlines: tuple[EachDeadline, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)


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
