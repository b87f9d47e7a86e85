"""An action: something that one owner must do by an instant.

Overdue is no state: it is what the clock says about an open action.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
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

Kind = Literal["containment"]
"""What an action is for."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class State(StrEnum):
    """Where an action is in its life."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Standing(StrEnum):
    """The state as steps see it: an open action differs by whether somebody owns it."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can be done with an action; the value is its name in URLs."""

    ASSIGN = "assign"
    REASSIGN = "reassign"
    CHANGE_DUE = "change-due"
    COMPLETE = "complete"
    CANCEL = "cancel"


STEPS: Mapping[Standing, tuple[Step, ...]] = {
    Standing.UNASSIGNED: (Step.ASSIGN, Step.CHANGE_DUE, Step.CANCEL),
    Standing.ASSIGNED: (Step.REASSIGN, Step.CHANGE_DUE, Step.COMPLETE, Step.CANCEL),
    Standing.COMPLETED: (),
    Standing.CANCELLED: (),
}


class Punctuality(StrEnum):
    """Whether an action was completed by its due instant."""

    EARLY = "early"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One piece of work with an owner and a due instant; `generation` counts its deadlines, `version` every change."""

    id: UUID
    number: str
    kind: Kind
    parent_kind: Literal["nonconformity"]
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

    @property
    def standing(self) -> Standing:
        """The row of the table of steps that the action is in."""
        match self.state:
            case State.OPEN:
                return Standing.UNASSIGNED if self.owner is None else Standing.ASSIGNED
            case State.COMPLETED:
                return Standing.COMPLETED
            case State.CANCELLED:
                return Standing.CANCELLED

    @property
    def allowed_steps(self) -> tuple[Step, ...]:
        """What can be done now."""
        return STEPS[self.standing]

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it is open although its due instant has passed."""
        return self.state is State.OPEN and self.due.at < now

    def expect(self, version: int | None) -> None:
        """Refuse when the caller read another version than the current one; None asks for no check."""
        if version is not None and version != self.version:
            raise Stale(
                self._saying(
                    f"Version {version} was read, but the current version is {self.version}: read it again."
                ),
                self.version,
            )

    def assign(self, *, owner: str, team: str | None, reason: str) -> tuple["Action", ActionAssigned]:
        """Give an action its first owner; the team stays where none is named. A new deadline starts."""
        self._allow(Step.ASSIGN)
        assigned = self._next(owner=owner, team=team or self.team, generation=self.generation + 1)
        return assigned, ActionAssigned(self.team, reason.strip())

    def reassign(self, *, owner: str, team: str | None, reason: str) -> tuple["Action", ActionReassigned]:
        """Give an action to another owner or team; the team stays where none is named. A new deadline starts."""
        self._allow(Step.REASSIGN)
        given_reason = self._reason(reason)
        if (owner, team or self.team) == (self.owner, self.team):
            raise OwnerUnchanged(
                self._saying(f"{self.number} has this owner and team already."),
                FieldError(
                    "/owner", "owner_unchanged", "This is the present owner.", "name another owner or team"
                ),
            )
        reassigned = self._next(owner=owner, team=team or self.team, generation=self.generation + 1)
        return reassigned, ActionReassigned(self.owner or "", self.team, given_reason)

    def change_due(self, due: Due, *, reason: str, now: datetime) -> tuple["Action", DueChanged]:
        """Move the due instant; the original one and the number of changes are kept. A new deadline starts."""
        self._allow(Step.CHANGE_DUE)
        given_reason = self._reason(reason)
        if due.at <= now:
            raise DueInPast(
                self._saying(f"{due.at.isoformat()} has passed."),
                FieldError(
                    "/due_at", "due_in_past", "The instant has passed.", "choose an instant in the future"
                ),
            )
        if due.at == self.due.at:
            raise DueUnchanged(
                self._saying(f"{self.number} is due then already."),
                FieldError("/due_at", "due_unchanged", "This is the present due instant.", "choose another"),
            )
        moved = self._next(due=due, due_changes=self.due_changes + 1, generation=self.generation + 1)
        return moved, DueChanged(self.due.at, given_reason)

    def complete(
        self, *, evidence: str, completed_at: datetime | None, now: datetime
    ) -> tuple["Action", ActionCompleted]:
        """Complete an action on evidence; early or late is decided by `completed_at`, which is now if not given."""
        self._allow(Step.COMPLETE)
        if not evidence.strip():
            raise EvidenceMissing(
                self._saying("A completion needs evidence."),
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
                self._saying(
                    f"{self.number} was given at {self.given_at.isoformat()}; it can be completed since then, "
                    "and not in the future."
                ),
                FieldError("/completed_at", "completion_time_invalid", "Before it was given, or after now."),
            )
        punctuality = Punctuality.EARLY if at <= self.due.at else Punctuality.LATE
        done = self._next(
            state=State.COMPLETED, completed_at=at, evidence=evidence.strip(), punctuality=punctuality
        )
        return done, ActionCompleted()

    def cancel(self, *, reason: str, now: datetime) -> tuple["Action", ActionCancelled]:
        """Cancel an action that is no longer needed."""
        self._allow(Step.CANCEL)
        given_reason = self._reason(reason)
        return self._next(state=State.CANCELLED, cancelled_at=now), ActionCancelled(given_reason)

    def heeds_breach(self, generation: int) -> bool:
        """Tell whether a breach says something true: not about what is done, nor about a deadline since replaced."""
        return self.state is State.OPEN and generation == self.generation

    def _allow(self, step: Step) -> None:
        if step not in self.allowed_steps:
            raise StepNotPossible(
                self._saying(f"{self.number} is {self.standing}, so the step {step} is not possible.")
            )

    def _reason(self, reason: str) -> str:
        if not reason.strip():
            raise ReasonMissing(
                self._saying("This step needs a reason."),
                FieldError(
                    "/reason", "reason_missing", "The reason is empty.", "say why, for those who ask later"
                ),
            )
        return reason.strip()

    def _saying(self, detail: str) -> str:
        steps = ", ".join(self.allowed_steps) or "none"
        return f"{detail} Steps possible now: {steps}."

    def _next(self, **changes: object) -> "Action":
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
