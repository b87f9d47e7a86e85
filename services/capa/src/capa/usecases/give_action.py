"""Gives an action to a nonconformity or to a case."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from capa.domain.action import Action, Kind
from capa.domain.blockers import require
from capa.domain.case import case as cases
from capa.domain.case.guards import Circumstances
from capa.domain.case.guards import blocked as blocked_of_case
from capa.domain.errors import ActionInvalid, CauseUnknown
from capa.domain.giving import Parent, Task, give
from capa.domain.nonconformity_steps import Step, Surroundings, blocked
from capa.domain.policy import TriagePolicy
from capa.domain.risk import CasePolicy
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.due_given import due_given
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StartWork, Work
from capa.usecases.take_nonconformity_step import NonconformityTarget
from capa.usecases.void_signatures import void_signatures
from common.clock import Clock
from common.ids import new_id
from common.refusals import FieldError
from worktime.durations import Duration

_AT_ONCE = frozenset({"containment", "correction"})
"""What answers the trouble itself begins at once; what works against causes waits for the plan's approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What shall be done; the due time as an instant or a duration from now."""

    kind: Kind
    title: str
    owner: str | None
    team: str | None
    due: datetime | Duration
    causes: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseTarget:
    """Which case, by id or number, and which version of it the caller read; None asks for no check."""

    case: UUID | str
    version: int | None


@dataclass(frozen=True, slots=True)
class GiveAction:
    """Gives an action and announces it, unless it waits for the approval of a plan."""

    start_work: StartWork
    clock: Clock
    announcer: Announcer
    triage_policy: TriagePolicy
    case_policy: CasePolicy

    async def to_nonconformity(self, target: NonconformityTarget, wanted: Wanted, cause: Cause) -> Action:
        """Give a containment or a correction."""
        async with self.start_work() as work:
            value = await work.nonconformities.get(target.nonconformity)
            value.expect(target.version)
            require(value.number, Step.ADD_ACTION, blocked(value, Surroundings()))
            parent = Parent(
                kind="nonconformity",
                id=value.id,
                product=value.product,
                severity=value.severity,
                correlation_id=value.correlation_id,
            )
            return await self._give(work, parent, wanted, cause, planned=False)

    async def to_case(self, target: CaseTarget, wanted: Wanted, cause: Cause) -> Action:
        """Give an action to a case; one that joins a signed plan voids the signature."""
        async with self.start_work() as work:
            case = await work.cases.get(target.case)
            case.expect(target.version)
            around = Circumstances(
                by=str(cause.actor), rights=cause.rights, now=self.clock(), policy=self.case_policy
            )
            require(case.number, cases.Step.ADD_ACTION, blocked_of_case(case, around))
            _check(case, wanted)
            parent = Parent(
                kind="case",
                id=case.id,
                product=case.product,
                severity=case.severity,
                correlation_id=case.correlation_id,
            )
            given = await self._give(work, parent, wanted, cause, planned=wanted.kind not in _AT_ONCE)
            await void_signatures(work, case, at=given.given_at, actor=cause.actor, because=given.number)
            return given

    async def _give(
        self, work: Work, parent: Parent, wanted: Wanted, cause: Cause, *, planned: bool
    ) -> Action:
        now = self.clock()
        task = Task(
            kind=wanted.kind,
            title=wanted.title,
            owner=wanted.owner,
            team=wanted.team,
            due=due_given(self.triage_policy, wanted.due, now),
            causes=wanted.causes,
        )
        number = await work.actions.next_number()
        action, fact = give(parent, task, action_id=new_id(), number=number, planned=planned, now=now)
        await work.actions.add(action, chronicle.of_action(action, fact, now, cause.actor, "by hand"))
        work.announce(*self.announcer.of_action(action, fact, now, cause))
        return action


def _check(case: cases.Case, wanted: Wanted) -> None:
    if case.state is cases.State.CONTAINMENT and wanted.kind not in _AT_ONCE:
        raise ActionInvalid(
            f"{case.number} is not investigated yet: only containments and corrections can be given now.",
            FieldError("/kind", "kind_too_early", "Its causes are not known yet.", "contain first"),
        )
    known = {cause.id for cause in case.causes if cause.cycle == case.cycle}
    if not set(wanted.causes) <= known:
        raise CauseUnknown(
            f"{case.number} has no such cause in this round.",
            FieldError("/causes", "cause_unknown", "No such cause.", "name causes of the case"),
        )
