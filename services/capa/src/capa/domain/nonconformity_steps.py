"""What people do with a nonconformity, what each step needs, and what comes out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from capa.domain import disposition as disposing
from capa.domain.action import Action
from capa.domain.action import State as ActionState
from capa.domain.blockers import Blocked, Blocker, require
from capa.domain.disposition import Affected, CaseDecision, Concession, DispositionPart
from capa.domain.errors import RationaleMissing
from capa.domain.facts import (
    CaseNeedDecided,
    NonconformityClosed,
    NonconformityDescribed,
    NonconformityDispositioned,
    NonconformityFact,
    NonconformityRaised,
)
from capa.domain.nonconformity import Nonconformity, Origin, State
from capa.domain.severity import Severity
from common.refusals import FieldError


class Step(StrEnum):
    """What can be done with a nonconformity; the value is its name in URLs."""

    DESCRIBE = "describe"
    LINK_COMPLAINT = "link-complaint"
    ADD_ACTION = "add-action"
    DISPOSITION = "disposition"
    DECIDE_CASE = "decide-case"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules look at beside the nonconformity: its actions, and how many cases that go on or ended well cover it."""

    actions: tuple[Action, ...] = ()
    cases: int = 0


CLOSED = Blocker("nonconformity_closed", "It is closed.")


def blocked(value: Nonconformity, around: Surroundings) -> Blocked[Step]:
    """Tell what stands in the way of each step."""
    if value.state is State.CLOSED:
        return dict.fromkeys(Step, (CLOSED,))
    return {step: tuple(_missing_to_close(value, around)) if step is Step.CLOSE else () for step in Step}


def _missing_to_close(value: Nonconformity, around: Surroundings) -> Iterator[Blocker]:
    if value.disposition is None:
        yield Blocker(
            "disposition_missing",
            "What is done with what is affected is not decided.",
            "take the step disposition",
        )
    if value.case_decision is None:
        yield Blocker(
            "case_decision_missing", "Whether a case is needed is not decided.", "take the step decide-case"
        )
    elif value.case_decision.needed and not around.cases:
        yield Blocker("case_missing", "A case is needed, and none covers it.", "request a case that names it")
    undone = [each.number for each in around.actions if each.state in {ActionState.OPEN, ActionState.PLANNED}]
    if undone:
        yield Blocker("actions_open", f"Open actions: {', '.join(undone)}.", "complete or cancel them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(ABC):
    """One step with what it is given."""

    step: ClassVar[Step]

    def take(
        self, value: Nonconformity, around: Surroundings, *, by: str, now: datetime
    ) -> tuple[Nonconformity, NonconformityFact]:
        """Take the step; raises StepNotPossible or what the step itself refuses."""
        require(value.number, self.step, blocked(value, around))
        changed, fact = self._taken(value, by, now)
        return replace(changed, version=value.version + 1), fact

    @abstractmethod
    def _taken(
        self, value: Nonconformity, by: str, now: datetime
    ) -> tuple[Nonconformity, NonconformityFact]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe(Command):
    """Say what was not met and what is affected; lots and quantities are replaced as a whole."""

    step: ClassVar[Step] = Step.DESCRIBE

    description: str
    affected: tuple[Affected, ...]

    @override
    def _taken(self, value: Nonconformity, by: str, now: datetime) -> tuple[Nonconformity, NonconformityFact]:
        fact = NonconformityDescribed(value.description, value.affected)
        return replace(value, description=self.description.strip(), affected=self.affected), fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispose(Command):
    """Decide what is done with what is affected; a later decision replaces an earlier one."""

    step: ClassVar[Step] = Step.DISPOSITION

    parts: tuple[DispositionPart, ...]
    rationale: str
    concession: Concession | None

    @override
    def _taken(self, value: Nonconformity, by: str, now: datetime) -> tuple[Nonconformity, NonconformityFact]:
        decided = disposing.decide(
            value.affected,
            self.parts,
            rationale=self.rationale,
            concession=self.concession,
            by=by,
            at=now,
        )
        return replace(value, disposition=decided), NonconformityDispositioned(value.disposition)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCase(Command):
    """Decide whether a corrective-action case is needed."""

    step: ClassVar[Step] = Step.DECIDE_CASE

    needed: bool
    rationale: str

    @override
    def _taken(self, value: Nonconformity, by: str, now: datetime) -> tuple[Nonconformity, NonconformityFact]:
        if not self.rationale.strip():
            raise RationaleMissing(
                f"{value.number}: the decision needs a rationale, above all where no case is needed.",
                FieldError("/rationale", "rationale_missing", "The rationale is empty.", "say why"),
            )
        decision = CaseDecision(self.needed, self.rationale.strip(), by, now)
        return replace(value, case_decision=decision), CaseNeedDecided(value.case_decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """Close a nonconformity about which nothing is left to do; its cases may go on."""

    step: ClassVar[Step] = Step.CLOSE

    reason: str

    @override
    def _taken(self, value: Nonconformity, by: str, now: datetime) -> tuple[Nonconformity, NonconformityFact]:
        return replace(value, state=State.CLOSED, closed_at=now), NonconformityClosed(self.reason.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What somebody noticed: in an audit, at a supplier, in a process, or anywhere else."""

    origin: Origin
    reference: str | None
    product: str
    category: str
    severity: Severity
    description: str
    affected: tuple[Affected, ...]
    noticed_at: datetime


def raise_by_hand(
    finding: Finding, *, nonconformity_id: UUID, number: str, correlation_id: UUID, now: datetime
) -> tuple[Nonconformity, NonconformityRaised]:
    """Raise a nonconformity from a finding of staff."""
    raised = Nonconformity(
        id=nonconformity_id,
        number=number,
        state=State.OPEN,
        product=finding.product,
        category=finding.category,
        severity=finding.severity,
        origin=finding.origin,
        origin_complaint_id=None,
        origin_reference=finding.reference,
        anchor_at=finding.noticed_at,
        complaints=0,
        raised_at=now,
        correlation_id=correlation_id,
        version=1,
        description=finding.description.strip(),
        affected=finding.affected,
    )
    return raised, NonconformityRaised(None, finding.description.strip())
