"""Which clocks of a case run in which state, and what a step means for them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from capa.domain.case.case import TIMED, Case, State
from capa.domain.case.facts import CaseFact, DeadlineMet, DeadlineStarted, DeadlineVoided
from capa.domain.case.values import Deadline
from capa.domain.due import Due, counted
from capa.domain.risk import CasePolicy, Clock

CLOCK_IN: Final[Mapping[State, Clock]] = {
    State.REQUESTED: Clock.SCREEN,
    State.ACCEPTED: Clock.CONTAIN,
    State.CONTAINMENT: Clock.CONTAIN,
    State.INVESTIGATING: Clock.INVESTIGATE,
    State.PLAN_PENDING_APPROVAL: Clock.APPROVE,
    State.VERIFYING: Clock.VERIFY,
    State.EFFECTIVENESS_REVIEW: Clock.REVIEW,
}
"""The clock of what has to be done in a state; `complete` runs beside it from acceptance to verification.

Of a closed case only `screen` runs, while somebody has to decide whether its trouble came back.
"""

_OF_THE_APPROVER: Final = frozenset({Clock.APPROVE, Clock.VERIFY, Clock.REVIEW})


def keep_time(
    before: Case | None, after: Case, policy: CasePolicy, now: datetime
) -> tuple[Case, tuple[CaseFact, ...]]:
    """Stop the clocks whose work is done or given up, and start those that the state wants.

    A clock that goes on with the same owner and due time is left alone; any change of these starts a new deadline.
    """
    running = () if before is None else before.deadlines
    facts: list[CaseFact] = []
    kept: list[Deadline] = []
    wanted = _wanted(before, after, policy, now)
    for deadline in running:
        new = wanted.get(deadline.clock)
        if new is None:
            facts.append(_stopped(deadline, after.state, now))
        elif _same(deadline, new):
            kept.append(deadline)
            del wanted[deadline.clock]
    generation = after.generation
    for deadline in wanted.values():
        generation += 1
        started = replace(deadline, generation=generation)
        kept.append(started)
        facts.append(DeadlineStarted(started))
    return replace(after, deadlines=tuple(kept), generation=generation), tuple(facts)


def _wanted(before: Case | None, after: Case, policy: CasePolicy, now: datetime) -> dict[Clock, Deadline]:
    wanted: dict[Clock, Deadline] = {}
    clock = CLOCK_IN.get(after.state) if after.undecided_recurrence is None else Clock.SCREEN
    due = None if clock is None else _due(before, after, clock, policy, now)
    if clock is not None and due is not None:
        owner, team = _hands(after, clock, policy)
        wanted[clock] = Deadline(clock, owner, team, due, 0)
    if after.state in TIMED and after.due is not None:
        wanted[Clock.COMPLETE] = Deadline(Clock.COMPLETE, after.owner, None, after.due, 0)
    return wanted


def _due(before: Case | None, after: Case, clock: Clock, policy: CasePolicy, now: datetime) -> Due | None:
    present = next((each for each in before.deadlines if each.clock is clock), None) if before else None
    if present is not None and before is not None and before.risk == after.risk:
        return present.due
    term = policy.term(clock, after.risk)
    return None if term is None else counted(policy.calendar, policy.version, now, term)


def _hands(case: Case, clock: Clock, policy: CasePolicy) -> tuple[str | None, str | None]:
    if clock is Clock.SCREEN:
        return policy.screening_owner, policy.screening_team
    return (case.approver if clock in _OF_THE_APPROVER else case.owner), None


def _same(running: Deadline, new: Deadline) -> bool:
    return (running.owner, running.team, running.due.at) == (new.owner, new.team, new.due.at)


def _stopped(deadline: Deadline, state: State, now: datetime) -> CaseFact:
    match state:
        case State.ON_HOLD:
            return DeadlineVoided(deadline, "on_hold")
        case State.CANCELLED:
            return DeadlineVoided(deadline, "cancelled")
        case _:
            return DeadlineMet(deadline, now)
