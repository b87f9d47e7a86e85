"""What is answered to the notices of an overdue deadline: "seen, I am on it", or "later, because".

An answer never ends a ladder. It drops what the owner would still be told of the steps so far, and postpones the next step
by a bounded time, and no step after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from common.actor import Actor
from common.refusals import FieldError
from notifier.domain.deadline import Deadline, State
from notifier.domain.errors import (
    AcknowledgedBefore,
    AlreadyEscalated,
    AnswerInvalid,
    CriticalNotSnoozed,
    NothingToAnswer,
    NothingToSnooze,
    NotTheOwner,
    SnoozesUsedUp,
)
from notifier.domain.ladder import Step, StepKind
from worktime import Calendar, due

_PEOPLE: Final = frozenset({"person", "user"})


class AnswerKind(StrEnum):
    """What was answered."""

    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True)
class Postponed:
    """A step whose moment was moved from one instant to a later one."""

    step: str
    planned: datetime
    to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to the newest step that had fired; it counts until an instant and says what comes next and when.

    `by` is an actor; `owner` is whose deadline it was, so that an answer in the owner's place can be told.
    """

    id: UUID
    kind: AnswerKind
    subject_id: UUID
    clock: str
    generation: int
    step: str
    owner: str | None
    by: str
    reason: str | None
    at: datetime
    until: datetime
    postponed: Postponed | None
    next_step: str | None
    next_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Tell whether it still counts."""
        return now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the ladder of a deadline's present generation stands.

    `waiting` has the moments of the steps that nobody works on; what is neither fired nor waiting is about to fire, or was
    skipped. `with_others` tells whether anybody but the owner was told that it is overdue. `answers` come by time.
    """

    fired: frozenset[str]
    waiting: Mapping[str, datetime]
    with_others: bool
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who answers, for which reason, with the right to answer for others or without it, and when."""

    by: Actor
    reason: str | None
    may_stand_in: bool
    now: datetime


def acknowledge(
    deadline: Deadline, standing: Standing, asking: Asking, calendar: Calendar, *, answer_id: UUID
) -> Answer | None:
    """Take "seen, I am on it" for the newest step that fired, or None where it is acknowledged already.

    Refuses with NotTheOwner, AnswerInvalid, NothingToAnswer or AcknowledgedBefore.
    """
    _require_right(deadline, asking)
    step = _newest_told(deadline, standing)
    for known in standing.answers:
        if known.kind is AnswerKind.ACKNOWLEDGED and known.step == step.name:
            if known.holds(asking.now):
                return None
            raise AcknowledgedBefore(
                f"{step.name} was acknowledged until {known.until.isoformat()}, and is so once: finish the work, or have the "
                "due instant moved where the deadline comes from"
            )
    until = due(calendar, asking.now, deadline.ladder.answers.acknowledged_for).due_at
    moved = None
    found = _next(deadline, standing, asking.now)
    if found is not None and not deadline.is_critical and not _is_escalated(deadline, standing, asking.now):
        to = min(until, _bound(deadline, standing, found, calendar))
        if to > found[1]:
            moved = Postponed(found[0].name, found[1], to)
    return _answer(
        AnswerKind.ACKNOWLEDGED, deadline, step, asking, until=until, moved=moved, found=found, id_=answer_id
    )


def snooze(
    deadline: Deadline,
    standing: Standing,
    asking: Asking,
    calendar: Calendar,
    *,
    until: datetime,
    answer_id: UUID,
) -> Answer:
    """Postpone the next step until an instant, for a reason.

    Refuses with NotTheOwner, NothingToAnswer, CriticalNotSnoozed, AlreadyEscalated, SnoozesUsedUp, NothingToSnooze or
    AnswerInvalid.
    """
    _require_right(deadline, asking)
    if not asking.reason:
        raise _without_reason("a snooze says why")
    step = _newest_told(deadline, standing)
    if deadline.is_critical:
        raise CriticalNotSnoozed("what is critical is not postponed: acknowledge it instead")
    if _is_escalated(deadline, standing, asking.now):
        raise AlreadyEscalated("somebody else was told already that this is overdue, and goes on being told")
    allowed = deadline.ladder.answers.snoozes
    if snoozes_of(standing.answers) >= allowed:
        raise SnoozesUsedUp(f"ladder {deadline.ladder.name} allows {allowed} snoozes, and they are used up")
    found = _next(deadline, standing, asking.now)
    if found is None:
        raise NothingToSnooze("nobody will be told of this any more")
    longest = due(calendar, found[1], deadline.ladder.answers.snooze_at_most).due_at
    latest = min(longest, _bound(deadline, standing, found, calendar))
    if latest <= found[1]:
        raise NothingToSnooze(
            f"the next step, {found[0].name}, comes at {found[1].isoformat()} and cannot be postponed any more"
        )
    if not found[1] < until <= latest:
        raise AnswerInvalid(
            "a snooze ends after the moment of the next step, and not later than the ladder allows",
            FieldError(
                "/until",
                "too_early" if until <= found[1] else "too_late",
                f"{until.isoformat()} does not lie between the next step and the latest moment for it",
                f"an instant after {found[1].isoformat()} and not after {latest.isoformat()}",
            ),
        )
    moved = Postponed(found[0].name, found[1], until)
    return _answer(
        AnswerKind.SNOOZED, deadline, step, asking, until=until, moved=moved, found=found, id_=answer_id
    )


def snoozes_of(answers: Sequence[Answer]) -> int:
    """Count the snoozes among answers."""
    return sum(answer.kind is AnswerKind.SNOOZED for answer in answers)


def _require_right(deadline: Deadline, asking: Asking) -> None:
    if asking.by.kind == "person" and asking.by.id == deadline.owner:
        return
    if not asking.may_stand_in or asking.by.kind not in _PEOPLE:
        raise NotTheOwner(
            f"only the owner, {deadline.owner or 'nobody'}, or quality staff answers for this deadline"
        )
    if not asking.reason:
        raise _without_reason("who answers in the place of the owner says why")


def _without_reason(why: str) -> AnswerInvalid:
    return AnswerInvalid(why, FieldError("/reason", "required", why, "say in a sentence why"))


def _newest_told(deadline: Deadline, standing: Standing) -> Step:
    if deadline.state is not State.OPEN:
        raise NothingToAnswer(f"the deadline is {deadline.state}: nobody is told of it")
    fired = [step for step in deadline.ladder.steps if step.name in standing.fired]
    if not any(step.kind is StepKind.BREACH for step in fired):
        raise NothingToAnswer("nobody was told yet that this is overdue")
    return fired[-1]


def _is_escalated(deadline: Deadline, standing: Standing, now: datetime) -> bool:
    """Tell whether it is with somebody else; a step whose moment has come is so, though nobody has taken it up yet."""
    others = [
        step.name
        for step in deadline.ladder.steps
        if step.kind is StepKind.ESCALATION and step.to not in {"owner", deadline.owner}
    ]
    coming = {name for name, moment in standing.waiting.items() if moment > now}
    return standing.with_others or any(name not in coming for name in others)


def _next(deadline: Deadline, standing: Standing, now: datetime) -> tuple[Step, datetime] | None:
    """Find the step that comes next, and its moment."""
    coming = [(moment, name) for name, moment in standing.waiting.items() if moment > now]
    if not coming:
        return None
    moment, name = min(coming)
    return deadline.ladder.step(name), moment


def _bound(
    deadline: Deadline, standing: Standing, found: tuple[Step, datetime], calendar: Calendar
) -> datetime:
    """Tell the latest moment of the next step: never past the ladder's bound, nor half the way to the step after it.

    The half way leaves whoever is told next time of their own, and keeps the two from firing as one, which would skip the
    first.
    """
    step, moment = found
    latest = due(calendar, deadline.due_at, deadline.ladder.answers.latest).due_at
    planned = min(
        (
            answer.postponed.planned
            for answer in standing.answers
            if answer.postponed is not None and answer.postponed.step == step.name
        ),
        default=moment,
    )
    later = [other for name, other in standing.waiting.items() if name != step.name and other >= moment]
    return min([latest, *(planned + (other - planned) / 2 for other in later)])


def _answer(
    kind: AnswerKind,
    deadline: Deadline,
    step: Step,
    asking: Asking,
    *,
    until: datetime,
    moved: Postponed | None,
    found: tuple[Step, datetime] | None,
    id_: UUID,
) -> Answer:
    next_at = None if found is None else found[1] if moved is None else moved.to
    return Answer(
        id=id_,
        kind=kind,
        subject_id=deadline.subject_id,
        clock=deadline.clock,
        generation=deadline.generation,
        step=step.name,
        owner=deadline.owner,
        by=str(asking.by),
        reason=asking.reason or None,
        at=asking.now,
        until=until,
        postponed=moved,
        next_step=None if found is None else found[0].name,
        next_at=next_at,
    )
