"""What every step of a case shares: it is refused where something stands in its way, signed, and timed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from capa.domain.blockers import require
from capa.domain.case.case import Case, Step
from capa.domain.case.clocks import keep_time
from capa.domain.case.facts import CaseFact
from capa.domain.case.guards import Circumstances, blocked
from capa.domain.case.signing import Document, Pledge, sign, void_changed
from capa.domain.case.values import Covers, RecordLink, Signature
from capa.domain.errors import ReasonMissing
from common.ids import new_id
from common.refusals import FieldError


@dataclass(frozen=True, slots=True)
class Taken:
    """The case after a step, what happened, why, and what was signed with it."""

    case: Case
    facts: tuple[CaseFact, ...]
    reason: str = ""
    signed: tuple[Signature, Document] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(ABC):
    """One step with what it is given."""

    step: ClassVar[Step]

    @property
    def names(self) -> tuple[RecordLink, ...]:
        """Records beside the case that must exist."""
        return ()

    def take(self, case: Case, around: Circumstances) -> Taken:
        """Take the step; raises StepNotPossible with all that stands in its way, or what the step itself refuses."""
        require(case.number, self.step, blocked(case, around))
        return settled(case, self._taken(case, around), around)

    @abstractmethod
    def _taken(self, case: Case, around: Circumstances) -> Taken: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCommand(Command, ABC):
    """A step that is signed."""

    covers: ClassVar[Covers]
    meaning: ClassVar[str]

    signature: Pledge

    def take(self, case: Case, around: Circumstances) -> Taken:
        """Take the step and sign what comes out; raises SignatureInvalid beside what every step refuses."""
        require(case.number, self.step, blocked(case, around))
        taken = self._taken(case, around)
        # Signed before a refusal by the check moves the case on, so that the check's own round is signed.
        signature, signed = sign(
            self._signed_part(case, taken.case),
            around.actions,
            self.covers,
            meaning=self.meaning,
            pledge=self.signature,
            by=around.by,
            at=around.now,
            name=new_id(),
        )
        whole = replace(taken.case, signatures=(*case.signatures, signature))
        return settled(case, replace(taken, case=whole, signed=(signature, signed)), around)

    def _signed_part(self, before: Case, after: Case) -> Case:  # noqa: ARG002  (what a step overrides may look at both)
        return after


def settled(before: Case | None, taken: Taken, around: Circumstances) -> Taken:
    """Count the version, void the signatures that no longer hold, and stop and start clocks."""
    case = taken.case if before is None else replace(taken.case, version=before.version + 1)
    timed, facts = keep_time(
        before, void_changed(case, around.actions, around.now), around.policy, around.now
    )
    return replace(taken, case=timed, facts=(*taken.facts, *facts))


def given(text: str, pointer: str) -> str:
    """Give a text without blanks around it; refuses an empty one with ReasonMissing."""
    if not text.strip():
        raise ReasonMissing(
            "This step needs words that are not blank.",
            FieldError(pointer, "reason_missing", "It is empty.", "say it, for those who ask later"),
        )
    return text.strip()


def over(case: Case, now: datetime) -> bool:
    """Tell whether the window of monitoring has ended."""
    return case.monitoring_until is not None and case.monitoring_until <= now
