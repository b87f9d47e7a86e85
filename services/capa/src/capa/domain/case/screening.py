"""From a request to a case with people: request, accept, reject, link, team, risk."""

from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from capa.domain.case.case import Case, State, Step
from capa.domain.case.command import Command, Taken, given, settled
from capa.domain.case.facts import Accepted, Noted, Rejected, Requested
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import Member, RecordLink, Rejection
from capa.domain.due import counted
from capa.domain.errors import SamePerson
from capa.domain.risk import Clock, Ratings, Recurrence
from capa.domain.severity import Severity
from common.refusals import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for: a case about these nonconformities, or about an earlier case whose trouble came back."""

    title: str
    description: str
    product: str
    category: str
    severity: Severity
    nonconformity_ids: tuple[UUID, ...]
    recurrence_of: UUID | None


def request(
    asked: Request, *, case_id: UUID, number: str, correlation_id: UUID, around: Circumstances
) -> Taken:
    """Make a case that waits to be screened."""
    case = Case(
        id=case_id,
        number=number,
        title=given(asked.title, "/title"),
        description=asked.description.strip(),
        product=asked.product,
        category=asked.category,
        severity=asked.severity,
        nonconformity_ids=asked.nonconformity_ids,
        recurrence_of=asked.recurrence_of,
        requested_by=around.by,
        requested_at=around.now,
        correlation_id=correlation_id,
    )
    return settled(None, Taken(case, (Requested(),)), around)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Command):
    """Accept a request: it becomes a case with an owner, an approver, a risk, and a due time that follows from the risk."""

    step: ClassVar[Step] = Step.ACCEPT

    owner: str
    approver: str
    team: tuple[Member, ...]
    severity: Severity
    recurrence: Recurrence
    ratings: Ratings | None
    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        _require_two(self.owner, self.approver)
        accepted = replace(
            case,
            state=State.ACCEPTED,
            owner=self.owner,
            approver=self.approver,
            team=self.team,
            severity=self.severity,
            accepted_at=around.now,
        )
        timed = _assessed(accepted, self.severity, self.recurrence, self.ratings, around)
        return Taken(timed, (Accepted(),), self.reason.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Command):
    """Reject a request, with one of four reasons and an explanation."""

    step: ClassVar[Step] = Step.REJECT

    rejection: Rejection
    explanation: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.explanation, "/explanation")
        rejected = replace(
            case,
            state=State.REJECTED,
            rejection=self.rejection,
            ended_because=why,
            closed_at=around.now,
        )
        return Taken(rejected, (Rejected(why),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNonconformity(Command):
    """Have the case answer a further nonconformity."""

    step: ClassVar[Step] = Step.LINK_NONCONFORMITY

    nonconformity_id: UUID

    @property
    @override
    def names(self) -> tuple[RecordLink, ...]:
        return (RecordLink("nonconformity", self.nonconformity_id),)

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        linked = tuple(dict.fromkeys((*case.nonconformity_ids, self.nonconformity_id)))
        return Taken(replace(case, nonconformity_ids=linked), (Noted(),))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTeam(Command):
    """Name owner, approver and team; running deadlines go over to them."""

    step: ClassVar[Step] = Step.ASSIGN_TEAM

    owner: str
    approver: str
    team: tuple[Member, ...]
    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        _require_two(self.owner, self.approver)
        why = given(self.reason, "/reason")
        return Taken(replace(case, owner=self.owner, approver=self.approver, team=self.team), (Noted(),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessRisk(Command):
    """Judge the risk anew; clocks that run are counted anew by its level, but the case's own due time stays."""

    step: ClassVar[Step] = Step.ASSESS_RISK

    severity: Severity
    recurrence: Recurrence
    ratings: Ratings | None
    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.reason, "/reason")
        changed = replace(case, severity=self.severity)
        assessed = _assessed(changed, self.severity, self.recurrence, self.ratings, around)
        return Taken(assessed, (Noted(),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartContainment(Command):
    """Begin to contain."""

    step: ClassVar[Step] = Step.START_CONTAINMENT

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        return Taken(replace(case, state=State.CONTAINMENT), (Noted(),))


def _require_two(owner: str, approver: str) -> None:
    if owner == approver:
        raise SamePerson(
            f"{owner} cannot approve their own case.",
            FieldError("/approver", "same_person", "The approver is the owner.", "name another approver"),
        )


def _assessed(
    case: Case, severity: Severity, recurrence: Recurrence, ratings: Ratings | None, around: Circumstances
) -> Case:
    risk = around.policy.assess(severity, recurrence, ratings)
    assessed = replace(case, risk=risk)
    term = around.policy.term(Clock.COMPLETE, risk)
    if case.due is not None or term is None:
        return assessed
    due = counted(around.policy.calendar, around.policy.version, around.now, term)
    return replace(assessed, due=due, original_due_at=due.at)
