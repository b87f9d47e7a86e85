"""What happens to an action after it was given: opened with its plan, verified, refused, extended, paid for."""

from datetime import datetime
from decimal import Decimal

from capa.domain import extension
from capa.domain.action import Action, Check, Cost, State, Step
from capa.domain.due import Due
from capa.domain.errors import EvidenceMissing
from capa.domain.facts import (
    ActionOpened,
    ActionVerified,
    CostRecorded,
    EvidenceRejected,
    ExtensionAsked,
    ExtensionDecided,
)
from capa.domain.people import require_another
from common.refusals import FieldError


def open_planned(action: Action) -> tuple[Action, ActionOpened]:
    """Let a planned action begin, since its plan was approved."""
    if action.state is not State.PLANNED:
        raise ValueError(f"{action.number} is not planned")
    return action.changed(state=State.OPEN), ActionOpened()


def verify(action: Action, *, statement: str, by: str, now: datetime) -> tuple[Action, ActionVerified]:
    """Confirm that an action was done; raises SamePerson for its owner and whoever completed it."""
    action.allow(Step.VERIFY)
    require_another(by, (action.owner, action.completed_by), f"The verification of {action.number}")
    if not statement.strip():
        raise EvidenceMissing(
            action.saying("A verification says what was seen."),
            FieldError("/statement", "evidence_missing", "The statement is empty.", "say what was seen"),
        )
    check = Check(by, now, statement.strip())
    return action.changed(state=State.VERIFIED, check=check), ActionVerified(check.statement)


def reject_evidence(action: Action, *, reason: str, by: str) -> tuple[Action, EvidenceRejected]:
    """Open a completed action again, since its evidence does not show that it was done. A new deadline starts."""
    action.allow(Step.REJECT_EVIDENCE)
    require_another(by, (action.owner, action.completed_by), f"The judgement of {action.number}'s evidence")
    why = action.given_reason(reason)
    opened = action.changed(
        state=State.OPEN,
        completed_at=None,
        completed_by=None,
        evidence=None,
        punctuality=None,
        generation=action.generation + 1,
    )
    return opened, EvidenceRejected(action.evidence or "", why)


def record_cost(action: Action, *, amount: Decimal, currency: str, note: str) -> tuple[Action, CostRecorded]:
    """Write down what the action cost in all; a later record replaces an earlier one."""
    action.allow(Step.RECORD_COST)
    cost = Cost(amount, currency, note.strip())
    previous = None if action.cost is None else f"{action.cost.amount} {action.cost.currency}"
    return action.changed(cost=cost), CostRecorded(previous, f"{amount} {currency}")


def request_extension(
    action: Action, *, due_at: datetime, reason: str, by: str, now: datetime
) -> tuple[Action, ExtensionAsked]:
    """Ask for a later due time."""
    action.allow(Step.REQUEST_EXTENSION)
    why = action.given_reason(reason)
    asked = extension.ask(present=action.due.at, due_at=due_at, reason=why, by=by, now=now)
    return action.changed(extension=asked), ExtensionAsked(asked.due_at, why)


def decide_extension(
    action: Action, *, granted: bool, due: Due, reason: str, by: str
) -> tuple[Action, ExtensionDecided]:
    """Grant the later due time or refuse it; raises SamePerson for the owner and whoever asked.

    `due` is the due time that was asked for, explained. A grant counts as a change of the due time and starts a new deadline.
    """
    action.allow(Step.DECIDE_EXTENSION)
    asked = action.extension
    if asked is None:
        raise ValueError(f"{action.number} has no extension to decide about")
    require_another(by, (action.owner, asked.requested_by), f"The decision about {action.number}'s extension")
    why = action.given_reason(reason)
    fact = ExtensionDecided(granted, action.due.at, why)
    if not granted:
        return action.changed(extension=None), fact
    later = action.changed(
        extension=None, due=due, due_changes=action.due_changes + 1, generation=action.generation + 1
    )
    return later, fact
