"""Why a step is refused.

Refusal
├── Conflicting
│   ├── StepRefused      a rule says no, for one reason or several
│   └── ComplaintEnded   what was judged cannot be corrected once the complaint has ended
└── Unacceptable
    └── StepInvalid      the values of the step break a rule
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from common.refusals import Conflicting, FieldError, Unacceptable
from intake.domain.complaint import State
from intake.domain.lifecycle.words import Obstacle, Step


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One reason against a step: its code, what is missing, and what would help."""

    code: Obstacle
    detail: str
    fix: str


class StepRefused(Conflicting):
    """The step is not possible now; says why, and which steps are."""

    code: ClassVar[str] = "step_refused"

    def __init__(
        self, step: Step, state: State, hindrances: Sequence[Hindrance], *, allowed: Sequence[Step] = ()
    ) -> None:
        because = " ".join(each.detail for each in hindrances)
        possible = ", ".join(allowed) or "none"
        super().__init__(
            f"The step {step} is not possible: {because} Possible now: {possible}.",
            *(FieldError("", each.code.value, each.detail, each.fix) for each in hindrances),
        )
        self.step = step
        self.state = state
        self.hindrances = tuple(hindrances)
        self.allowed = tuple(allowed)


class StepInvalid(Unacceptable):
    """The values of the step break a rule."""

    code: ClassVar[str] = "step_invalid"

    def __init__(self, step: Step, *errors: FieldError) -> None:
        said = "; ".join(f"{error.pointer}: {error.detail}" for error in errors)
        super().__init__(f"The step {step} cannot be taken like that. {said}.", *errors)


class ComplaintEnded(Conflicting):
    """What was judged cannot be corrected once the complaint has ended."""

    code: ClassVar[str] = "complaint_ended"

    def __init__(self, state: State, names: Sequence[str]) -> None:
        super().__init__(
            f"The complaint is {state}: {', '.join(names)} stand as they were when it ended.",
            *(
                FieldError(
                    f"/{name}", "complaint_ended", "was part of what ended", "reopen the complaint first"
                )
                for name in names
            ),
        )
