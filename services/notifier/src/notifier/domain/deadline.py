"""Deadlines as notifier knows them, and the timers that each needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from notifier.domain.ladder import Ladder, Step, StepKind
from notifier.domain.moments import moment
from worktime import Calendar


class State(StrEnum):
    """Whether a deadline still has to be met."""

    OPEN = "open"
    PAUSED = "paused"
    MET = "met"
    VOIDED = "voided"


class Severity(StrEnum):
    """How bad the consequence is."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class TimerEnd(StrEnum):
    """What became of a timer."""

    FIRED = "fired"
    PAST = "past"
    CATCHUP = "catchup"
    REPLACED = "replaced"
    PAUSED = "paused"
    MET = "met"
    VOIDED = "voided"


CLOSED: Final = frozenset({State.MET, State.VOIDED})
"""Where nothing has to be done any more."""

Key = tuple[UUID, str]
"""A deadline's name: its subject's id and its clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Something must be done by an instant; `version` counts what notifier announced or changed about it.

    Its trace continues at `traceparent` and `tracestate`, however much later its steps are taken.
    """

    subject_kind: str
    subject_id: UUID
    clock: str
    generation: int
    parent_kind: str | None
    parent_id: UUID | None
    title: str
    due_at: datetime
    owner: str | None
    team: str | None
    severity: Severity
    link: str
    ladder: Ladder
    calendar: str
    policy_version: str
    explanation: Mapping[str, object]
    state: State
    closed_at: datetime | None
    closed_reason: str | None
    set_at: datetime
    correlation_id: UUID
    caused_by: UUID
    version: int
    traceparent: str | None = None
    tracestate: str | None = None

    @property
    def key(self) -> Key:
        """Its name."""
        return self.subject_id, self.clock

    @property
    def is_critical(self) -> bool:
        """Whether notices about it wait for nothing."""
        return self.severity is Severity.CRITICAL

    def is_overdue(self, now: datetime) -> bool:
        """Whether the due instant passed while it is open."""
        return self.state is State.OPEN and self.due_at < now


@dataclass(frozen=True, slots=True)
class Timer:
    """A step whose moment will come."""

    step: str
    position: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """The timers of a generation, and the steps whose moment had passed when it was set."""

    timers: tuple[Timer, ...]
    skipped: tuple[Timer, ...]


def is_newer(known: Deadline | None, generation: int) -> bool:
    """Tell whether this generation supersedes what is known."""
    return known is None or generation > known.generation


def succeed(known: Deadline | None, fresh: Deadline) -> Deadline:
    """Put a newer generation in the place of what was known, counting on from its version."""
    return fresh if known is None else replace(fresh, version=known.version + 1)


def close(
    known: Deadline, *, generation: int, state: State, reason: str | None, at: datetime
) -> Deadline | None:
    """Close a deadline, or None where the news is of an older generation or it is closed already."""
    if generation < known.generation or (generation == known.generation and known.state in CLOSED):
        return None
    return replace(
        known,
        generation=generation,
        state=state,
        closed_at=at,
        closed_reason=reason,
        version=known.version + 1,
    )


def pause(known: Deadline, *, generation: int) -> Deadline | None:
    """Let a deadline's time stand still, or None where the news is of an older generation or nothing runs."""
    if generation < known.generation or (generation == known.generation and known.state is not State.OPEN):
        return None
    return replace(known, generation=generation, state=State.PAUSED, version=known.version + 1)


def resume(
    known: Deadline,
    *,
    generation: int,
    due_at: datetime,
    calendar: str,
    explanation: Mapping[str, object],
    at: datetime,
) -> Deadline | None:
    """Let it run on to another due instant in a new generation; None where that generation is known already."""
    if generation <= known.generation:
        return None
    return replace(
        known,
        generation=generation,
        state=State.OPEN,
        due_at=due_at,
        calendar=calendar,
        explanation=explanation,
        closed_at=None,
        closed_reason=None,
        set_at=at,
        version=known.version + 1,
    )


def plan(deadline: Deadline, calendar: Calendar, now: datetime) -> Plan:
    """Work out when each rung's moment comes.

    A reminder whose moment has passed is skipped; the breach never is, so that what is overdue on arrival is told at
    once. What follows the breach counts from the due instant or, where that has passed, from now: whoever is told at
    once has the ladder's time before the next rung.
    """
    timers = [
        Timer(step.name, position, _moment_of(step, deadline, calendar, now))
        for position, step in enumerate(deadline.ladder.steps)
    ]
    reminders = {step.name for step in deadline.ladder.steps if step.kind is StepKind.REMINDER}
    past = [timer for timer in timers if timer.step in reminders and timer.due_at <= now]
    return Plan(tuple(timer for timer in timers if timer not in past), tuple(past))


def split_missed(ladder: Ladder, due: Iterable[str]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Choose among steps whose moment has come which fire and which are skipped to catch up.

    Only the newest fires, and the breach always does, since others learn from it that the due instant passed.
    """
    steps = [step for step in ladder.steps if step.name in set(due)]
    newest = steps[-1:]
    fire = tuple(step for step in steps if step in newest or step.kind is StepKind.BREACH)
    return fire, tuple(step for step in steps if step not in fire)


def _moment_of(step: Step, deadline: Deadline, calendar: Calendar, now: datetime) -> datetime:
    if step.kind is StepKind.BREACH:
        return deadline.due_at
    anchor = deadline.due_at if step.kind is StepKind.REMINDER else max(deadline.due_at, now)
    return moment(calendar, anchor, step.offset)
