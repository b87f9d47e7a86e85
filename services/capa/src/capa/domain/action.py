"""An action: something that one owner must do by an instant.

Overdue is no state: it is what the clock says about an open action.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, get_args
from uuid import UUID

from capa.domain.due import Due
from capa.domain.errors import (
    CompletionTimeInvalid,
    DueInPast,
    DueUnchanged,
    EvidenceMissing,
    OwnerUnchanged,
    ReasonMissing,
    StepNotPossible,
)
from capa.domain.extension import Extension
from capa.domain.facts import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionGiven,
    ActionReassigned,
    DueChanged,
)
from capa.domain.nonconformity import Nonconformity
from capa.domain.severity import Severity
from common.refusals import FieldError, Stale

Kind = Literal["containment", "correction", "corrective", "preventive", "improvement"]
"""What an action is for."""

ParentKind = Literal["nonconformity", "case"]
"""What an action belongs to."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class State(StrEnum):
    """Where an action is in its life; a planned one waits for the approval of its plan."""

    PLANNED = "planned"
    OPEN = "open"
    COMPLETED = "completed"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


class Standing(StrEnum):
    """The state as steps see it: an open action differs by whether somebody owns it."""

    PLANNED = "planned"
    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    COMPLETED = "completed"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can be done with an action; the value is its name in URLs."""

    ASSIGN = "assign"
    REASSIGN = "reassign"
    CHANGE_DUE = "change-due"
    REQUEST_EXTENSION = "request-extension"
    DECIDE_EXTENSION = "decide-extension"
    COMPLETE = "complete"
    VERIFY = "verify"
    REJECT_EVIDENCE = "reject-evidence"
    RECORD_COST = "record-cost"
    CANCEL = "cancel"


STEPS: Mapping[Standing, tuple[Step, ...]] = {
    Standing.PLANNED: (Step.REASSIGN, Step.CHANGE_DUE, Step.CANCEL),
    Standing.UNASSIGNED: (Step.ASSIGN, Step.CHANGE_DUE, Step.RECORD_COST, Step.CANCEL),
    Standing.ASSIGNED: (Step.REASSIGN, Step.CHANGE_DUE, Step.COMPLETE, Step.RECORD_COST, Step.CANCEL),
    Standing.COMPLETED: (Step.VERIFY, Step.REJECT_EVIDENCE, Step.RECORD_COST),
    Standing.VERIFIED: (Step.RECORD_COST,),
    Standing.CANCELLED: (),
}
"""A case's action that has begun is due later only by an extension, which takes the place of `change-due`."""


class Punctuality(StrEnum):
    """Whether an action was completed by its due instant."""

    EARLY = "early"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Check:
    """Who saw that an action was done, when, and what that showed."""

    by: str
    at: datetime
    statement: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What an action cost: an amount in a currency of ISO 4217, and what for."""

    amount: Decimal
    currency: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One piece of work with an owner and a due instant; `generation` counts its deadlines, `version` every change."""

    id: UUID
    number: str
    kind: Kind
    parent_kind: ParentKind
    parent_id: UUID
    product: str
    title: str
    owner: str | None
    team: str | None
    severity: Severity
    state: State
    due: Due
    original_due_at: datetime
    due_changes: int
    generation: int
    given_at: datetime
    completed_at: datetime | None
    cancelled_at: datetime | None
    evidence: str | None
    punctuality: Punctuality | None
    correlation_id: UUID
    version: int
    causes: tuple[UUID, ...] = ()
    completed_by: str | None = None
    check: Check | None = None
    cost: Cost | None = None
    extension: Extension | None = None

    @property
    def standing(self) -> Standing:
        """The row of the table of steps that the action is in."""
        match self.state:
            case State.PLANNED:
                return Standing.PLANNED
            case State.OPEN:
                return Standing.UNASSIGNED if self.owner is None else Standing.ASSIGNED
            case State.COMPLETED:
                return Standing.COMPLETED
            case State.VERIFIED:
                return Standing.VERIFIED
            case State.CANCELLED:
                return Standing.CANCELLED

    @property
    def allowed_steps(self) -> tuple[Step, ...]:
        """What can be done now."""
        steps = STEPS[self.standing]
        if self.parent_kind == "nonconformity" or self.state is not State.OPEN:
            return steps
        later = Step.REQUEST_EXTENSION if self.extension is None else Step.DECIDE_EXTENSION
        return tuple(later if step is Step.CHANGE_DUE else step for step in steps)

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it is open although its due instant has passed."""
        return self.state is State.OPEN and self.due.at < now

    def expect(self, version: int | None) -> None:
        """Refuse when the caller read another version than the current one; None asks for no check."""
        if version is not None and version != self.version:
            raise Stale(
                self.saying(
                    f"Version {version} was read, but the current version is {self.version}: read it again."
                ),
                self.version,
            )

    def assign(self, *, owner: str, team: str | None, reason: str) -> tuple["Action", ActionAssigned]:
        """Give an action its first owner; the team stays where none is named. A new deadline starts."""
        self.allow(Step.ASSIGN)
        assigned = self.changed(owner=owner, team=team or self.team, generation=self.generation + 1)
        return assigned, ActionAssigned(self.team, reason.strip())

    def reassign(self, *, owner: str, team: str | None, reason: str) -> tuple["Action", ActionReassigned]:
        """Give an action to another owner or team; the team stays where none is named. A new deadline starts."""
        self.allow(Step.REASSIGN)
        why = self.given_reason(reason)
        if (owner, team or self.team) == (self.owner, self.team):
            raise OwnerUnchanged(
                self.saying(f"{self.number} has this owner and team already."),
                FieldError(
                    "/owner", "owner_unchanged", "This is the present owner.", "name another owner or team"
                ),
            )
        reassigned = self.changed(owner=owner, team=team or self.team, generation=self.generation + 1)
        return reassigned, ActionReassigned(self.owner or "", self.team, why)

    def change_due(self, due: Due, *, reason: str, now: datetime) -> tuple["Action", DueChanged]:
        """Move the due instant; the original one and the number of changes are kept. A new deadline starts."""
        self.allow(Step.CHANGE_DUE)
        why = self.given_reason(reason)
        if due.at <= now:
            raise DueInPast(
                self.saying(f"{due.at.isoformat()} has passed."),
                FieldError(
                    "/due_at", "due_in_past", "The instant has passed.", "choose an instant in the future"
                ),
            )
        if due.at == self.due.at:
            raise DueUnchanged(
                self.saying(f"{self.number} is due then already."),
                FieldError("/due_at", "due_unchanged", "This is the present due instant.", "choose another"),
            )
        moved = self.changed(due=due, due_changes=self.due_changes + 1, generation=self.generation + 1)
        return moved, DueChanged(self.due.at, why)

    def complete(
        self, *, evidence: str, completed_at: datetime | None, now: datetime, by: str | None = None
    ) -> tuple["Action", ActionCompleted]:
        """Complete an action on evidence; early or late is decided by `completed_at`, which is now if not given."""
        self.allow(Step.COMPLETE)
        if not evidence.strip():
            raise EvidenceMissing(
                self.saying("A completion needs evidence."),
                FieldError(
                    "/evidence",
                    "evidence_missing",
                    "The evidence is empty.",
                    "say what shows that it was done",
                ),
            )
        at = now if completed_at is None else completed_at
        if not self.given_at <= at <= now:
            raise CompletionTimeInvalid(
                self.saying(
                    f"{self.number} was given at {self.given_at.isoformat()}; it can be completed since then, "
                    "and not in the future."
                ),
                FieldError("/completed_at", "completion_time_invalid", "Before it was given, or after now."),
            )
        punctuality = Punctuality.EARLY if at <= self.due.at else Punctuality.LATE
        done = self.changed(
            state=State.COMPLETED,
            completed_at=at,
            completed_by=by,
            evidence=evidence.strip(),
            punctuality=punctuality,
            extension=None,
        )
        return done, ActionCompleted()

    def cancel(self, *, reason: str, now: datetime) -> tuple["Action", ActionCancelled]:
        """Cancel an action that is no longer needed."""
        self.allow(Step.CANCEL)
        why = self.given_reason(reason)
        return self.changed(state=State.CANCELLED, cancelled_at=now, extension=None), ActionCancelled(why)

    def heeds_breach(self, generation: int) -> bool:
        """Tell whether a breach says something true: not about what is done, nor about a deadline since replaced."""
        return self.state is State.OPEN and generation == self.generation

    def allow(self, step: Step) -> None:
        """Refuse a step that the state does not allow, with StepNotPossible."""
        if step not in self.allowed_steps:
            raise StepNotPossible(
                self.saying(f"{self.number} is {self.standing}, so the step {step} is not possible.")
            )

    def given_reason(self, reason: str) -> str:
        """Give a reason without blanks around it; refuses an empty one with ReasonMissing."""
        if not reason.strip():
            raise ReasonMissing(
                self.saying("This step needs a reason."),
                FieldError(
                    "/reason", "reason_missing", "The reason is empty.", "say why, for those who ask later"
                ),
            )
        return reason.strip()

    def saying(self, detail: str) -> str:
        """Add to a refusal what is possible now."""
        steps = ", ".join(self.allowed_steps) or "none"
        return f"{detail} Steps possible now: {steps}."

    def changed(self, **changes: object) -> "Action":
        """Give the next version of the action."""
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]  # own callers, own fields


def contain(
    nonconformity: Nonconformity,
    *,
    action_id: UUID,
    number: str,
    owner: str | None,
    team: str | None,
    due: Due,
    now: datetime,
) -> tuple[Action, ActionGiven]:
    """Give the action that contains a nonconformity just raised."""
    given = Action(
        id=action_id,
        number=number,
        kind="containment",
        parent_kind="nonconformity",
        parent_id=nonconformity.id,
        product=nonconformity.product,
        title=f"Contain: {nonconformity.product} / {nonconformity.category} ({number})",
        owner=owner,
        team=team,
        severity=nonconformity.severity,
        state=State.OPEN,
        due=due,
        original_due_at=due.at,
        due_changes=0,
        generation=1,
        given_at=now,
        completed_at=None,
        cancelled_at=None,
        evidence=None,
        punctuality=None,
        correlation_id=nonconformity.correlation_id,
        version=1,
    )
    return given, ActionGiven()
