"""From containment to causes: contain, describe the problem, record and verify causes, look elsewhere."""

from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from capa.domain.action import State as ActionState
from capa.domain.case import analysis
from capa.domain.case.analysis import Method, Node
from capa.domain.case.case import Case, State, Step
from capa.domain.case.command import Command, Taken, given
from capa.domain.case.facts import CauseConfirmed, Contained, Noted
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import (
    Cause,
    CauseKind,
    CauseTest,
    Containment,
    Nature,
    Problem,
    RecordLink,
    SimilarAnswer,
)
from capa.domain.errors import CauseUnknown, ContainmentUnproven, LinkUnknown
from common.ids import new_id
from common.refusals import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Contain(Command):
    """Say how the containment was validated, or why nothing needs to be contained."""

    step: ClassVar[Step] = Step.CONTAIN

    needed: bool
    explanation: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.explanation, "/explanation")
        done = any(
            each.kind == "containment" and each.state in {ActionState.COMPLETED, ActionState.VERIFIED}
            for each in around.actions
        )
        if self.needed and not done:
            raise ContainmentUnproven(
                f"{case.number} has no containment action that is done.",
                FieldError(
                    "/needed",
                    "containment_missing",
                    "Nothing was done to contain it.",
                    "add a containment action and complete it, or say why none is needed",
                ),
            )
        containment = Containment(self.needed, why, around.by, around.now)
        contained = replace(case, state=State.INVESTIGATING, containment=containment)
        return Taken(contained, (Contained(),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeProblem(Command):
    """Write the problem statement; a later one replaces an earlier one."""

    step: ClassVar[Step] = Step.DESCRIBE_PROBLEM

    problem: Problem

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        given(self.problem.statement, "/problem/statement")
        return Taken(replace(case, problem=self.problem), (Noted(),))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCause(Command):
    """Record a possible cause with the analysis that found it; its test comes after."""

    step: ClassVar[Step] = Step.RECORD_CAUSE

    kind: CauseKind
    nature: Nature
    statement: str
    method: Method
    analysis: tuple[Node, ...]
    evidence: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        analysis.check(self.method, self.analysis)
        cause = Cause(
            id=new_id(),
            kind=self.kind,
            nature=self.nature,
            statement=given(self.statement, "/statement"),
            method=self.method,
            analysis=self.analysis,
            evidence=given(self.evidence, "/evidence"),
            cycle=case.cycle,
            recorded_by=around.by,
            recorded_at=around.now,
            test=None,
        )
        return Taken(replace(case, causes=(*case.causes, cause)), (Noted(),))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyCause(Command):
    """Say by which test a cause of this round was verified, and whether it passed."""

    step: ClassVar[Step] = Step.VERIFY_CAUSE

    cause_id: UUID
    test: str
    passed: bool
    conclusion: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        cause = next((each for each in case.causes if each.id == self.cause_id), None)
        if cause is None or cause.cycle != case.cycle or cause.test is not None:
            raise CauseUnknown(
                f"{case.number} has no cause {self.cause_id} of this round that waits for its test.",
                FieldError("/cause_id", "cause_unknown", "No such cause.", "name a cause without a test"),
            )
        conclusion = given(self.conclusion, "/conclusion")
        test = CauseTest(given(self.test, "/test"), self.passed, conclusion, around.by, around.now)
        tested = replace(cause, test=test)
        causes = tuple(tested if each is cause else each for each in case.causes)
        fact = CauseConfirmed(tested) if self.passed else Noted()
        return Taken(replace(case, causes=causes), (fact,), conclusion)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSimilar(Command):
    """Say whether the same is found elsewhere, with links to records that show it."""

    step: ClassVar[Step] = Step.ANSWER_SIMILAR

    found: bool
    links: tuple[RecordLink, ...]
    explanation: str

    @property
    @override
    def names(self) -> tuple[RecordLink, ...]:
        return self.links

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.explanation, "/explanation")
        if any(link.id == case.id for link in self.links) or (self.links and not self.found):
            raise LinkUnknown(
                "Links lead to other records, and mean that something was found.",
                FieldError(
                    "/links", "links_contradict", "They contradict the answer.", "correct links or answer"
                ),
            )
        answer = SimilarAnswer(self.found, self.links, why, around.by, around.now)
        return Taken(replace(case, similar=answer), (Noted(),), why)
