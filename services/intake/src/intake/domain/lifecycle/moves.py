"""What a step comes to, and the checks that many steps share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from common.refusals import FieldError
from intake.domain.complaint import State, refuse_future
from intake.domain.lifecycle.commands import Command
from intake.domain.lifecycle.facts import StepFact
from intake.domain.lifecycle.guards import Case, Situation, possible
from intake.domain.lifecycle.handling import Handling
from intake.domain.lifecycle.refusals import Hindrance, StepInvalid, StepRefused
from intake.domain.lifecycle.words import Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Move:
    """Where a step leads: the state, what has been done by then, the fact, and the texts that people wrote by name."""

    state: State
    handling: Handling
    fact: StepFact
    texts: Mapping[str, str | None] = field(default_factory=dict)


def happened_at(command: Command, case: Case, situation: Situation) -> datetime:
    """Tell when the step happened; refuses what lies in the future, or before the complaint was received."""
    if command.at is None:
        return situation.now
    refuse_future(situation.now, at=command.at)
    if command.at < case.complaint.received_at:
        raise invalid(
            command.step,
            "at",
            "time_before_receipt",
            "lies before the complaint was received",
            "send when it really happened, or correct `received_at` of the complaint",
        )
    return command.at


def not_before(command: Command, at: datetime, earliest: datetime | None, what: str) -> None:
    """Refuse what happened before something that it follows from."""
    if earliest is not None and at < earliest:
        raise invalid(
            command.step, "at", "time_before_cause", f"lies before {what}", "send when it really happened"
        )


def invalid(step: Step, name: str, code: str, detail: str, fix: str) -> StepInvalid:
    """Make the refusal of one value."""
    return StepInvalid(step, FieldError(f"/{name}", code, detail, fix))


def missing(name: str, why: str) -> FieldError:
    """Tell that a value is missing."""
    return FieldError(f"/{name}", "missing", f"is missing: {why}", "add it")


def needless(name: str, why: str) -> FieldError:
    """Tell that a value does not belong there."""
    return FieldError(f"/{name}", "not_expected", f"does not belong here: {why}", "leave it out")


def refuse_any(step: Step, errors: Sequence[FieldError]) -> None:
    """Refuse where there is any error."""
    if errors:
        raise StepInvalid(step, *errors)


def refused(step: Step, case: Case, situation: Situation, why: Hindrance) -> StepRefused:
    """Make the refusal of a step for one reason."""
    return StepRefused(step, case.state, [why], allowed=possible(case, situation))


def latest(one: datetime | None, other: datetime) -> datetime:
    """Tell the later of two instants."""
    return other if one is None else max(one, other)


def present(value: T | None) -> T:
    """Give a value that a guard has seen."""
    if value is None:
        raise AssertionError("a guard let a step pass without what it needs")
    return value
