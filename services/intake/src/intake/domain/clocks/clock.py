"""One clock of one complaint: from when to when it runs, what it waited for, and its verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from common.refusals import Refusal
from intake.domain.clocks.counting import Counted, explained, found
from intake.domain.clocks.policy import Hands
from intake.domain.clocks.rule import ClockRule
from intake.domain.complaint import Severity
from worktime import Calendar, Pause, due

NO_LONGER_APPLIES: Final = "no_longer_applies"
"""Why a clock ended whose conditions hold no more."""


class ClockState(StrEnum):
    """Where a clock stands; that it is overdue is what the time says, and no state."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    VOIDED = "voided"


OPEN: Final = frozenset({ClockState.RUNNING, ClockState.PAUSED})
"""Where something must still be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock as it stands; the `ordinal` counts the clocks of a name, and the `generation` all their due instants.

    `about` says what the complaint is of, for titles. `by` is how far from the due instant it was met or missed. A clock on hold shows the due instant that the hold does not
    count towards yet.
    """

    complaint_id: UUID
    name: str
    ordinal: int
    run: int
    generation: int
    rule: ClockRule
    policy_version: str
    calendar: str
    hands: Hands
    about: str
    severity: Severity
    state: ClockState
    begun_by: str
    started_at: datetime
    due_at: datetime
    original_due_at: datetime
    explanation: Mapping[str, Any]
    set_at: datetime
    holds: tuple[Pause, ...] = ()
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    by: timedelta | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None

    @property
    def explained(self) -> dict[str, Any]:
        """How its due instant came about, whole; `explanation` leaves the start out, as clocks of one day share it."""
        return explained(self.explanation, self.started_at)

    @property
    def is_open(self) -> bool:
        """Whether something must still be done."""
        return self.state in OPEN

    def is_overdue(self, now: datetime) -> bool:
        """Whether its due instant passed while it ran."""
        return self.state is ClockState.RUNNING and self.due_at < now

    def heeds(self, generation: int) -> bool:
        """Whether what is told of a generation says something true: not of what is done, nor of what was replaced."""
        return self.state is ClockState.RUNNING and generation == self.generation

    def paused(self, at: datetime) -> "Clock":
        """Let its time stand still."""
        return replace(self, state=ClockState.PAUSED, paused_at=max(at, self.started_at))

    def resumed(self, calendar: Calendar, at: datetime) -> "Clock":
        """Let its time run on, to a due instant that what was held does not count towards, as a new generation."""
        running = replace(self._held(calendar, at), state=ClockState.RUNNING, paused_at=None)
        return running.raised()

    def ended(self, calendar: Calendar, at: datetime, *, by: str) -> "Clock":
        """Write its verdict, once: met up to the due instant, missed after it. A hold that still goes on counts to here.

        What was done before it started, such as a containment, meets it when it starts.
        """
        at = max(at, self.started_at)
        final = self._held(calendar, at)
        met = at <= final.due_at
        return replace(
            final,
            state=ClockState.MET if met else ClockState.MISSED,
            paused_at=None,
            ended_at=at,
            ended_by=by,
            by=abs(final.due_at - at),
        )

    def stopped(self, calendar: Calendar, at: datetime, *, by: str) -> "Clock":
        """End it without its being met: voided, or missed where the due instant had passed by then."""
        final = self.ended(calendar, at, by=by)
        return final if final.state is ClockState.MISSED else replace(final, state=ClockState.VOIDED, by=None)

    def recounted(self, calendar: Calendar) -> "Clock":
        """Count its due instant anew, with its holds; refuses as worktime does."""
        counted = found(due(calendar, self.started_at, self.rule.limit, self.holds))
        return replace(
            self,
            calendar=calendar.reference,
            due_at=counted.due_at,
            explanation=counted.explanation,
        )

    def raised(self) -> "Clock":
        """Raise its generation, of which nobody has been told anything yet."""
        return replace(self, generation=self.generation + 1, warned_at=None, breached_at=None)

    def _held(self, calendar: Calendar, at: datetime) -> "Clock":
        if self.paused_at is None:
            return self
        hold = Pause(self.paused_at, max(at, self.paused_at))
        held = replace(self, holds=(*self.holds, hold))
        try:
            return held.recounted(calendar)
        except Refusal as refusal:
            # Nothing may keep a complaint from getting on: what was held is added as it passed, and that is said.
            explanation = {**self.explanation, "note": f"{refusal.detail}; the hold was added as it passed"}
            return replace(held, due_at=self.due_at + (hold.ends - hold.begins), explanation=explanation)


def started(
    complaint_id: UUID,
    rule: ClockRule,
    policy_version: str,
    *,
    counted: Counted,
    calendar: Calendar,
    hands: Hands,
    about: str,
    severity: Severity,
    begun_by: str,
    started_at: datetime,
    now: datetime,
    former: Clock | None,
    run: int,
) -> Clock:
    """Start a clock, after the former one of its name where there was one."""
    return Clock(
        complaint_id=complaint_id,
        name=rule.name,
        ordinal=1 if former is None else former.ordinal + 1,
        run=run,
        generation=1 if former is None else former.generation + 1,
        rule=rule,
        policy_version=policy_version,
        calendar=calendar.reference,
        hands=hands,
        about=about,
        severity=severity,
        state=ClockState.RUNNING,
        begun_by=begun_by,
        started_at=started_at,
        due_at=counted.due_at,
        original_due_at=counted.due_at,
        explanation=counted.explanation,
        set_at=now,
    )
