"""Escalation ladders: who is told what, and when, relative to the due instant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from notifier.domain.answer_limits import USUAL, AnswerLimits, limits_of
from notifier.domain.errors import LadderInvalid
from worktime import Duration, DurationInvalid, Unit, parse_duration

DEFAULT: Final = "default"
"""The ladder of a deadline that names none."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


class StepKind(StrEnum):
    """What a step means: before the due instant, at it, or after it."""

    REMINDER = "reminder"
    BREACH = "breach"
    ESCALATION = "escalation"


_ORDER = (StepKind.REMINDER, StepKind.BREACH, StepKind.ESCALATION)


@dataclass(frozen=True, slots=True)
class Offset:
    """How far from the due instant, and on which side."""

    duration: Duration
    before: bool = False

    @property
    def is_zero(self) -> bool:
        """Whether it is the due instant itself."""
        return self.duration.count == 0 and not self.duration.unit.counts_dates

    def __str__(self) -> str:
        return f"{'-' if self.before else ''}{self.duration}"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: its name, what it means, when, and whom it tells (owner, manager, manager.manager or a person)."""

    name: str
    kind: StepKind
    offset: Offset
    to: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in order of time, and the bounds of answers, under a name and version.

    Refuses a ladder that would be silent or contradict itself.
    """

    name: str
    version: str
    steps: tuple[Step, ...]
    answers: AnswerLimits = USUAL

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise LadderInvalid(f"ladder {self.name}: two steps have the same name")
        if [step.kind for step in self.steps].count(StepKind.BREACH) != 1:
            raise LadderInvalid(f"ladder {self.name}: exactly one step must be of kind breach")
        if [step.kind for step in self.steps] != sorted((step.kind for step in self.steps), key=_ORDER.index):
            raise LadderInvalid(
                f"ladder {self.name}: reminders come first, then the breach, then escalations"
            )
        for step in self.steps:
            _check(self.name, step)

    def step(self, name: str) -> Step:
        """Find a rung by its name; raises KeyError."""
        return next((step for step in self.steps if step.name == name), None) or _no_step(self, name)

    def as_data(self) -> dict[str, Any]:
        """Write it as JSON values, to be kept with a deadline."""
        steps = [
            {"name": step.name, "kind": str(step.kind), "offset": str(step.offset), "to": step.to}
            for step in self.steps
        ]
        return {
            "name": self.name,
            "version": self.version,
            "steps": steps,
            "answers": self.answers.as_data(),
        }


def ladder_of(
    name: str, version: str, steps: Sequence[Mapping[str, str]], answers: Mapping[str, Any] | None = None
) -> Ladder:
    """Read a ladder from plain data, or refuse it with LadderInvalid naming the step or what is said of answers."""
    rungs = tuple(_step(name, number, data) for number, data in enumerate(steps, 1))
    return Ladder(name, version, rungs, limits_of(name, answers))


def parse_offset(text: str) -> Offset:
    """Read `-1wd`, `0s` or `1wd`; refuses with DurationInvalid, also calendar days before an instant."""
    before = text.startswith("-")
    duration = parse_duration(text.removeprefix("-"))
    if before and duration.unit.counts_dates and duration.unit is not Unit.WORKING_DAYS:
        raise DurationInvalid(
            f"{text} would be due at midnight: write elapsed days (-2d) or working days (-2wd)"
        )
    return Offset(duration, before)


def _step(ladder: str, number: int, data: Mapping[str, str]) -> Step:
    place = f"ladder {ladder}, step {number}"
    fields = {"name", "kind", "offset", "to"}
    if set(data) != fields:
        raise LadderInvalid(
            f"{place}: has {', '.join(sorted(data)) or 'nothing'}, needs name, kind, offset and to"
        )
    if not all(isinstance(value, str) for value in data.values()):
        raise LadderInvalid(f"{place}: every field is a text in quotes")
    if not _NAME.fullmatch(data["name"]) or not _NAME.fullmatch(data["to"]):
        raise LadderInvalid(f"{place}: name and to are codes of at most 60 characters")
    try:
        kind = StepKind(data["kind"])
    except ValueError:
        raise LadderInvalid(
            f"{place}: kind is reminder, breach or escalation, not {data['kind']!r}"
        ) from None
    try:
        return Step(data["name"], kind, parse_offset(data["offset"]), data["to"])
    except DurationInvalid as refusal:
        raise LadderInvalid(f"{place}: offset: {refusal.detail}") from None


def _check(ladder: str, step: Step) -> None:
    place = f"ladder {ladder}, step {step.name}"
    match step.kind:
        case StepKind.REMINDER:
            if not step.offset.before or step.offset.duration.count == 0:
                raise LadderInvalid(f"{place}: a reminder comes before the due instant, such as -1wd")
        case StepKind.BREACH:
            if not step.offset.is_zero:
                raise LadderInvalid(f"{place}: the breach is at the due instant itself, 0s")
        case StepKind.ESCALATION:
            if step.offset.before or step.offset.duration.count == 0:
                raise LadderInvalid(f"{place}: an escalation comes after the due instant, such as 1wd")


def _no_step(ladder: Ladder, name: str) -> Step:
    raise KeyError(f"ladder {ladder.name} {ladder.version} has no step {name}")
