"""What capa refuses, each with a code of its own.

Refusal
├── Missing
│   ├── NonconformityMissing   no such nonconformity
│   └── ActionMissing          no such action
├── Conflicting
│   └── StepNotPossible        the action's state does not allow the step
├── Stale                      (common) somebody else changed the action first
└── Unacceptable
    ├── ReasonMissing          a change that needs a reason has none
    ├── EvidenceMissing        a completion says nothing of what was done
    ├── OwnerUnchanged         the action has this owner and team already
    ├── DueUnchanged           the action is due then already
    ├── DueInPast              the new due instant has passed
    └── CompletionTimeInvalid  the completion lies before the action was given or after now
"""

from typing import ClassVar

from common.refusals import Conflicting, Missing, Unacceptable


class NonconformityMissing(Missing):
    """There is no such nonconformity."""

    code: ClassVar[str] = "nonconformity_not_found"


class ActionMissing(Missing):
    """There is no such action."""

    code: ClassVar[str] = "action_not_found"


class StepNotPossible(Conflicting):
    """The action's state does not allow the step."""

    code: ClassVar[str] = "step_not_possible"


class ReasonMissing(Unacceptable):
    """A change that others must be able to follow has no reason."""

    code: ClassVar[str] = "reason_missing"


class EvidenceMissing(Unacceptable):
    """A completion does not say what shows that the work was done."""

    code: ClassVar[str] = "evidence_missing"


class OwnerUnchanged(Unacceptable):
    """The action has this owner and team already."""

    code: ClassVar[str] = "owner_unchanged"


class DueUnchanged(Unacceptable):
    """The action is due at this instant already."""

    code: ClassVar[str] = "due_unchanged"


class DueInPast(Unacceptable):
    """A new due instant that has passed would be late from the start."""

    code: ClassVar[str] = "due_in_past"


class CompletionTimeInvalid(Unacceptable):
    """An action is completed after it was given and not in the future."""

    code: ClassVar[str] = "completion_time_invalid"
