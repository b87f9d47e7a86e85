"""A sitting: complaints are decided about one after another at one instant, each in sight of what those before did."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from capa.domain import triage
from capa.domain.action import contain
from capa.domain.complaint import Complaint
from capa.domain.due import Due, counted
from capa.domain.nonconformity import Nonconformity, raise_from
from capa.domain.policy import TriagePolicy
from capa.domain.severity import Severity
from capa.domain.triage import Decision, Outcome, Trigger, Verdict
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Effect, Linked, Raised
from common.ids import new_id
from events.envelope import Contract, Event

Numbers = Iterable[tuple[str, str]]
"""The numbers of a nonconformity and of its action, for each that will be raised."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, its effect, and what is told of both."""

    decision: Decision
    effect: Effect
    events: Sequence[Event[Contract]]


class Docket:
    """The open nonconformities that complaints may be linked to, as each decision leaves them for the next one."""

    def __init__(self, standing: Iterable[Nonconformity]) -> None:
        self._open: dict[tuple[str, str], dict[UUID, Nonconformity]] = defaultdict(dict)
        for nonconformity in standing:
            self.put(nonconformity)

    def near(self, complaint: Complaint) -> Sequence[Nonconformity]:
        """Give the open ones of a complaint's product and category."""
        return tuple(self._open[complaint.product, complaint.category].values())

    def put(self, nonconformity: Nonconformity) -> None:
        """Add one that was raised, or replace it by what a link made of it."""
        self._open[nonconformity.product, nonconformity.category][nonconformity.id] = nonconformity


def count_raised(
    policy: TriagePolicy, complaints: Iterable[Complaint], standing: Iterable[Nonconformity]
) -> int:
    """Count the nonconformities that these complaints will raise, so that no number is taken for nothing."""
    docket, raised = Docket(standing), 0
    for complaint in complaints:
        if triage.judge(policy, complaint, docket.near(complaint)).outcome is Outcome.RAISED:
            stand_in, _ = raise_from(
                complaint, nonconformity_id=complaint.id, number="", explanation="", now=complaint.received_at
            )
            docket.put(stand_in)
            raised += 1
    return raised


class Sitting:
    """Decides by one policy at one instant."""

    def __init__(
        self,
        policy: TriagePolicy,
        announcer: Announcer,
        *,
        standing: Iterable[Nonconformity],
        numbers: Numbers,
        now: datetime,
    ) -> None:
        self._policy = policy
        self._announcer = announcer
        self._docket = Docket(standing)
        self._numbers = iter(numbers)
        self._now = now
        self._dues: dict[Severity, Due] = {}

    def decide(
        self, complaint: Complaint, cause: Cause, *, ordinal: int = 1, trigger: Trigger = "received"
    ) -> Decided:
        """Decide about the next complaint, for the `ordinal`-th time."""
        verdict = triage.judge(self._policy, complaint, self._docket.near(complaint))
        return self.record(complaint, verdict, cause, ordinal=ordinal, trigger=trigger)

    def record(
        self,
        complaint: Complaint,
        verdict: Verdict,
        cause: Cause,
        *,
        ordinal: int = 1,
        trigger: Trigger = "received",
    ) -> Decided:
        """Carry out a verdict about a complaint, the one of this ordinal."""
        effect, events = self._effect(complaint, verdict, cause)
        nonconformity = None if effect is None else effect.nonconformity
        if nonconformity is not None:
            self._docket.put(nonconformity)
        decision = Decision(
            id=new_id(),
            complaint=complaint,
            ordinal=ordinal,
            trigger=trigger,
            verdict=verdict,
            policy_version=self._policy.version,
            decided_at=self._now,
            nonconformity_id=None if nonconformity is None else nonconformity.id,
        )
        told = self._announcer.decided(decision, nonconformity, cause)
        return Decided(decision, effect, (told, *events))

    def _effect(
        self, complaint: Complaint, verdict: Verdict, cause: Cause
    ) -> tuple[Effect, tuple[Event[Contract], ...]]:
        match verdict.outcome:
            case Outcome.DECLINED:
                return None, ()
            case Outcome.LINKED:
                return self._link(complaint, verdict, cause)
            case Outcome.RAISED:
                return self._raise(complaint, verdict, cause)
            case never:
                assert_never(never)

    def _link(
        self, complaint: Complaint, verdict: Verdict, cause: Cause
    ) -> tuple[Linked, tuple[Event[Contract], ...]]:
        if verdict.target is None:
            raise ValueError("a link needs a nonconformity to link to")
        nonconformity, fact = verdict.target.link(complaint)
        change = chronicle.of_linked(nonconformity, fact, self._now, cause.actor)
        told = self._announcer.linked(nonconformity, fact, self._now, cause)
        return Linked(nonconformity, change), (told,)

    def _raise(
        self, complaint: Complaint, verdict: Verdict, cause: Cause
    ) -> tuple[Raised, tuple[Event[Contract], ...]]:
        number, action_number = next(self._numbers)
        nonconformity, raised = raise_from(
            complaint,
            nonconformity_id=new_id(),
            number=number,
            explanation=verdict.explanation,
            now=self._now,
            signal=verdict.signal,
        )
        hands = self._policy.assignment_for(complaint.product, complaint.category)
        action, given = contain(
            nonconformity,
            action_id=new_id(),
            number=action_number,
            owner=hands.owner,
            team=hands.team,
            due=self._due(complaint.severity),
            now=self._now,
        )
        effect = Raised(
            nonconformity,
            chronicle.of_raised(nonconformity, raised, cause.actor),
            action,
            chronicle.of_action(action, given, self._now, cause.actor),
        )
        events = (
            self._announcer.raised(nonconformity, cause),
            *self._announcer.of_action(action, given, self._now, cause),
        )
        return effect, events

    def _due(self, severity: Severity) -> Due:
        if severity not in self._dues:
            policy = self._policy
            self._dues[severity] = counted(policy.calendar, policy.version, self._now, policy.due[severity])
        return self._dues[severity]
