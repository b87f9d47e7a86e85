"""What stands in the way of a step: told on every read, and refused with when the step is asked for all the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from capa.domain.errors import StepNotPossible
from common.refusals import FieldError

StepT = TypeVar("StepT", bound=str)


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that is missing or forbids a step: a stable code, a sentence, and what would help."""

    code: str
    detail: str
    fix: str = ""


Blocked = Mapping[StepT, Sequence[Blocker]]
"""Each step with what stands in its way; nothing does where it is allowed."""


def allowed(blocked: Blocked[StepT]) -> tuple[StepT, ...]:
    """List the steps that are possible now."""
    return tuple(step for step, blockers in blocked.items() if not blockers)


def require(name: str, step: StepT, blocked: Blocked[StepT]) -> None:
    """Refuse a step that something stands in the way of; raises StepNotPossible with every blocker and what is possible."""
    if blocked[step]:
        raise StepNotPossible(
            f"{name}: the step {step} is not possible. {sentences(blocked[step])} "
            f"Steps possible now: {', '.join(each for each, found in blocked.items() if not found) or 'none'}.",
            *(FieldError("", each.code, each.detail, each.fix) for each in blocked[step]),
        )


def sentences(blockers: Iterable[Blocker]) -> str:
    """Write blockers one after another."""
    return " ".join(each.detail for each in blockers)
