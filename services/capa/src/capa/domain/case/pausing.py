"""What may happen at almost any time: later due times, holds, and giving up."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from typing_extensions import override

from capa.domain import extension
from capa.domain.case.case import Case, State, Step
from capa.domain.case.command import Command, SignedCommand, Taken, given
from capa.domain.case.facts import Cancelled, PutOnHold, Resumed
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import Covers, Hold
from capa.domain.due import chosen
from capa.domain.facts import ExtensionAsked, ExtensionDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExtension(Command):
    """Ask for a later due time of the case."""

    step: ClassVar[Step] = Step.REQUEST_EXTENSION

    due_at: datetime
    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        if case.due is None:
            raise ValueError(f"{case.number} has no due time")
        why = given(self.reason, "/reason")
        asked = extension.ask(
            present=case.due.at, due_at=self.due_at, reason=why, by=around.by, now=around.now
        )
        return Taken(replace(case, extension=asked), (ExtensionAsked(asked.due_at, why),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideExtension(Command):
    """Grant a later due time or refuse it; the original one is kept, and grants are counted."""

    step: ClassVar[Step] = Step.DECIDE_EXTENSION

    granted: bool
    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        if case.due is None or case.extension is None:
            raise ValueError(f"{case.number} has no extension to decide about")
        why = given(self.reason, "/reason")
        fact = ExtensionDecided(self.granted, case.due.at, why)
        decided = replace(case, extension=None)
        if self.granted:
            policy = around.policy
            due = chosen(policy.calendar, policy.version, around.now, case.extension.due_at)
            decided = replace(decided, due=due, due_changes=case.due_changes + 1)
        return Taken(decided, (fact,), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOnHoldNow(Command):
    """Let work wait: nobody is reminded until it goes on. The due time stays; a later one is an extension."""

    step: ClassVar[Step] = Step.HOLD

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.reason, "/reason")
        hold = Hold(why, around.by, around.now, case.state.value)
        return Taken(replace(case, state=State.ON_HOLD, hold=hold), (PutOnHold(why),), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """Go on where the case was held; a window of monitoring ends later by as long as the case was held."""

    step: ClassVar[Step] = Step.RESUME

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        if case.hold is None:
            raise ValueError(f"{case.number} is not on hold")
        until = case.monitoring_until
        if until is not None and case.hold.state == State.MONITORING:
            until += around.now - case.hold.held_at
        resumed = replace(case, state=State(case.hold.state), hold=None, monitoring_until=until)
        return Taken(resumed, (Resumed(),), self.reason.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(SignedCommand):
    """Give a case up, signed by its approver; its open actions are cancelled with it."""

    step: ClassVar[Step] = Step.CANCEL
    covers: ClassVar[Covers] = "cancellation"
    meaning: ClassVar[str] = "cancellation"

    reason: str

    @override
    def _taken(self, case: Case, around: Circumstances) -> Taken:
        why = given(self.reason, "/reason")
        ended = replace(
            case,
            state=State.CANCELLED,
            ended_because=why,
            closed_at=around.now,
            hold=None,
            extension=None,
        )
        return Taken(ended, (Cancelled(why),), why)
