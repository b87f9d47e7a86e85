"""The table of steps: from which states each is possible, where it leads, and which scope it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intake.domain.complaint import State
from intake.domain.lifecycle.words import Step

WRITE: Final = "complaints:write"
"""To hand over what the complainant says."""

WORK: Final = "complaints:work"
"""To do the owner's work."""

ASSESS: Final = "complaints:assess"
"""To judge what it is."""

DECIDE: Final = "complaints:decide"
"""To decide for the quality department."""

CLOSE: Final = "complaints:close"
"""To approve the closure."""

OPEN: Final = frozenset({State.RECEIVED, State.ASSESSED, State.INVESTIGATING, State.RESPONDED, State.LINKED})
"""The states in which something is still owed to the customer."""


@dataclass(frozen=True, slots=True)
class StepRule:
    """`leads_to` is told where it does not depend on what was done before; None where it does, or nothing moves."""

    scope: str
    states: frozenset[State]
    leads_to: State | None = None


RULES: Final[Mapping[Step, StepRule]] = {
    Step.ACKNOWLEDGE: StepRule(WORK, OPEN),
    Step.ASSESS: StepRule(
        ASSESS, frozenset({State.RECEIVED, State.ASSESSED, State.INVESTIGATING, State.RESPONDED})
    ),
    Step.REJECT: StepRule(ASSESS, frozenset({State.RECEIVED, State.ASSESSED}), State.NOT_A_COMPLAINT),
    Step.OVERRULE_REJECTION: StepRule(DECIDE, frozenset({State.NOT_A_COMPLAINT})),
    Step.LINK: StepRule(ASSESS, frozenset({State.RECEIVED, State.ASSESSED}), State.LINKED),
    Step.ASSIGN: StepRule(WORK, OPEN),
    Step.START_INVESTIGATION: StepRule(WORK, frozenset({State.ASSESSED}), State.INVESTIGATING),
    Step.WAIVE_INVESTIGATION: StepRule(DECIDE, frozenset({State.ASSESSED})),
    Step.UPDATE_CUSTOMER: StepRule(WORK, OPEN),
    Step.WAIT_FOR_CUSTOMER: StepRule(WORK, OPEN),
    Step.END_WAITING: StepRule(WORK, OPEN),
    Step.RESPOND: StepRule(WORK, frozenset({State.ASSESSED, State.INVESTIGATING, State.LINKED})),
    Step.CUSTOMER_ACCEPTS: StepRule(WRITE, frozenset({State.RESPONDED})),
    Step.CUSTOMER_REJECTS: StepRule(WRITE, frozenset({State.RESPONDED}), State.INVESTIGATING),
    Step.RECORD_CONTACT_ATTEMPT: StepRule(WORK, frozenset({State.RESPONDED})),
    Step.FILE_REPORT: StepRule(WORK, frozenset(State) - {State.RECEIVED}),
    Step.CLOSE: StepRule(CLOSE, frozenset({State.RESPONDED}), State.CLOSED),
    Step.REFER: StepRule(WORK, frozenset({State.RESPONDED}), State.REFERRED),
    Step.WITHDRAW: StepRule(WRITE, OPEN, State.WITHDRAWN),
    Step.REOPEN: StepRule(WORK, frozenset({State.CLOSED, State.REFERRED, State.WITHDRAWN, State.LINKED})),
}
"""Every step's rule; what else must be there before it is possible stands in `guards.py`."""
