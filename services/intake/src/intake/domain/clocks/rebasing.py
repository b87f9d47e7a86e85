"""Rebasing: what a changed policy or calendar would make of the clocks that run; done only where somebody asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from common import history
from common.actor import Actor
from common.clock import instant_text
from intake.domain.clocks.clock import NO_LONGER_APPLIES, Clock, ClockState
from intake.domain.clocks.following import Change, News
from intake.domain.clocks.happening import RESTARTS, Situation
from intake.domain.clocks.policy import ClockPolicy
from intake.domain.clocks.rule import BEGUN_BY
from intake.domain.trail import Trace

CLOCKS_REBASED: Final = "clocks_rebased"
"""The action of the entry that says that clocks were counted anew."""

_RESTARTS: Final = frozenset(each.value for each in RESTARTS)


@dataclass(frozen=True, slots=True)
class Rebased:
    """An open clock that the present policy sees otherwise: what would be told, and why."""

    before: Clock
    changes: tuple[Change, ...]
    why: tuple[str, ...]

    @property
    def after(self) -> Clock:
        """The clock as it would be."""
        return self.changes[-1].clock

    def as_data(self) -> Mapping[str, object]:
        """Write it as JSON values, for the complaint's history."""
        before, after = self.before, self.after
        pairs: dict[str, list[object]] = {
            "due_at": [instant_text(before.due_at), instant_text(after.due_at)],
            "generation": [before.generation, after.generation],
            "policy_version": [before.policy_version, after.policy_version],
            "calendar": [before.calendar, after.calendar],
            "state": [before.state.value, after.state.value],
            "owner": [before.hands.owner, after.hands.owner],
            "team": [before.hands.team, after.hands.team],
            "ladder": [before.hands.ladder, after.hands.ladder],
        }
        changed: dict[str, object] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        return {"clock": before.name, **changed}


def rebase(
    policy: ClockPolicy, situation: Situation, clocks: Sequence[Clock], *, now: datetime
) -> tuple[Rebased, ...]:
    """Count the open clocks of a complaint anew by the present policy; those that come out the same are left out.

    A clock that the policy no longer has, or not for this complaint, is voided, or missed where it was overdue.
    """
    chosen = {each.rule.name: each for each in policy.rules_for(situation)}
    found = []
    for clock in clocks:
        if not clock.is_open:
            continue
        new = chosen.get(clock.name)
        if new is None or not new.rule.when.hold(situation):
            ended = clock.stopped(policy.calendar(clock.rule.calendar), now, by=NO_LONGER_APPLIES)
            reason = "the policy has no such clock" if new is None else "its conditions do not hold"
            found.append(Rebased(clock, (Change(ended, News.VOIDED, clock),), (reason,)))
            continue
        calendar = policy.calendar(new.rule.calendar)
        begun = [situation.moments[what] for what in BEGUN_BY[new.rule.start] if what in situation.moments]
        again = clock.begun_by in _RESTARTS
        # What the policy lets nobody pause any more has never stood still.
        still = (
            clock if new.rule.pauses else replace(clock, holds=(), paused_at=None, state=ClockState.RUNNING)
        )
        moved = replace(
            still,
            rule=new.rule,
            policy_version=new.policy_version,
            hands=policy.hands_for(new.rule, situation),
            about=situation.about,
            started_at=clock.started_at if again else max(begun, default=clock.started_at),
        ).recounted(calendar)
        why = _differences(clock, moved)
        if not why:
            continue
        raised = replace(moved.raised(), set_at=now)
        changes = [Change(raised, News.SET, clock)]
        if raised.state is ClockState.PAUSED:
            changes.append(Change(raised, News.PAUSED, clock))
        found.append(Rebased(clock, tuple(changes), why))
    return tuple(found)


def trace_rebased(
    rebased: Sequence[Rebased], *, last: history.Entry, actor: Actor, reason: str, now: datetime
) -> Trace:
    """Continue a complaint's history with the clocks that were counted anew."""
    changes: dict[str, object] = {"clocks": [each.as_data() for each in rebased]}
    entry = history.append(
        last, at=now, actor=str(actor), action=CLOCKS_REBASED, changes=changes, reason=reason
    )
    return Trace(entry)


def _differences(before: Clock, after: Clock) -> tuple[str, ...]:
    pairs = (
        ("due at another instant", before.due_at, after.due_at),
        ("counted from another instant", before.started_at, after.started_at),
        ("another limit", dict(before.rule.term), dict(after.rule.term)),
        ("another calendar or version of it", before.calendar, after.calendar),
        ("another policy version", before.policy_version, after.policy_version),
        ("another rule", before.rule, after.rule),
        ("another owner, team or ladder", before.hands, after.hands),
    )
    return tuple(words for words, one, other in pairs if one != other)
