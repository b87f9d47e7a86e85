"""Keeps a complaint's clocks in step with it: whatever happens to a complaint, this is asked in the same transaction."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from common.refusals import Refusal
from events.series import Written
from intake.domain.clocks.beginning import Beginnings, Begun
from intake.domain.clocks.clock import Clock
from intake.domain.clocks.following import Change, follow
from intake.domain.clocks.happening import Happened, Happening, Situation
from intake.domain.clocks.policy import ClockPolicy
from intake.domain.complaint import Complaint, NewComplaint
from intake.usecases.outgoing_clocks import Cause, DeadlineAnnouncer
from intake.usecases.ports import Work

log = logging.getLogger(__name__)

CountVerdicts = Callable[[Iterable[Clock]], None]
"""Told of clocks that ended, once that is committed."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Starts, holds, ends and restarts clocks by one policy, and tells of their deadlines."""

    policy: ClockPolicy
    announce: DeadlineAnnouncer
    count: CountVerdicts
    _beginnings: Beginnings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember what new complaints have in common."""
        object.__setattr__(self, "_beginnings", Beginnings(self.policy))

    def begin(self, complaint: NewComplaint) -> Begun:
        """Start the clocks of a complaint that comes in."""
        return self._beginnings.begin(complaint, partial(_uncounted, complaint))

    def told_at_receipt(self, begun: Begun, complaint: Complaint, received: Written) -> Sequence[Written]:
        """Tell of the deadlines that a complaint came with, beside the event that tells of the complaint."""
        return self.announce.at_receipt(begun, complaint, received)

    async def follow(
        self,
        work: Work,
        complaint: Complaint,
        situation: Situation,
        happened: Sequence[Happened],
        cause: Cause,
    ) -> Sequence[Change]:
        """Have the clocks of a complaint, which is locked, follow what happened to it, in the transaction given.

        Gives what changed, to be counted by `counted` once that transaction is committed.
        """
        clocks = {(clock.name, clock.ordinal): clock for clock in await work.clocks.of(complaint.id)}
        changes: list[Change] = []

        def hear(each: Happened) -> None:
            found = follow(
                self.policy,
                situation,
                tuple(clocks.values()),
                each,
                now=cause.now,
                uncounted=partial(_uncounted, complaint),
            )
            clocks.update({(change.clock.name, change.clock.ordinal): change.clock for change in found})
            changes.extend(found)

        for each in happened:
            hear(each)
        if any(map(_awaits_containment, changes)):
            contained_at = await work.clocks.contained_at(complaint.id)
            if contained_at is not None:
                hear(Happened(Happening.CONTAINED, contained_at))
        await self.write(work, complaint, changes, cause)
        return changes

    async def write(self, work: Work, complaint: Complaint, changes: Sequence[Change], cause: Cause) -> None:
        """Write changed clocks down, and tell of their deadlines once the work is committed."""
        await work.clocks.save(changes)
        for change in changes:
            work.announce(self.announce(change, complaint, cause))

    def counted(self, changes: Iterable[Change]) -> None:
        """Count the clocks that ended."""
        self.count([change.clock for change in changes if not change.clock.is_open])


def _awaits_containment(change: Change) -> bool:
    """Whether a clock starts, with a correction for instance, that a containment meets which may have been done long ago."""
    clock = change.clock
    return change.former is None and clock.is_open and Happening.CONTAINED in clock.rule.met_by


def _uncounted(complaint: NewComplaint, clock: str, refusal: Refusal) -> None:
    log.error(
        "a clock could not be counted and does not run",
        extra={"complaint_id": str(complaint.id), "clock": clock, "reason": refusal.detail},
    )
