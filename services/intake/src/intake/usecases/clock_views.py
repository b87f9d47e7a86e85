"""Clocks of complaints as they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from intake.domain.clocks.clock import OPEN, Clock, ClockState


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """One clock; `by_seconds` is how far from its due instant it ended, `explanation` left out where nobody asked."""

    name: str
    ordinal: int
    kind: str
    title: str
    source: str
    state: ClockState
    run: int
    generation: int
    begun_by: str
    started_at: datetime
    due_at: datetime
    original_due_at: datetime
    paused_at: datetime | None
    held_seconds: float
    ended_at: datetime | None
    ended_by: str | None
    by_seconds: float | None
    warned_at: datetime | None
    breached_at: datetime | None
    owner: str | None
    team: str | None
    ladder: str | None
    calendar: str
    policy_version: str
    explanation: Mapping[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether something must still be done."""
        return self.state in OPEN

    def is_overdue(self, now: datetime) -> bool:
        """Whether its due instant passed while it ran."""
        return self.state is ClockState.RUNNING and self.due_at < now


@dataclass(frozen=True, slots=True)
class ClocksPage:
    """Every clock of a complaint, those that run first and then the latest; none where it is only on record."""

    clocks: tuple[ClockView, ...]
    historical: bool


class ClockViews(Protocol):
    """Reads clocks; `within` keeps a caller to one source system."""

    async def clocks(self, reference: str, *, within: str | None = None) -> ClocksPage:
        """Read every clock of a complaint, of all its runs; raises NoSuchComplaint."""
        ...


def next_due(clocks: Sequence[ClockView]) -> ClockView | None:
    """Find the clock that runs and is due first."""
    running = [clock for clock in clocks if clock.state is ClockState.RUNNING]
    return min(running, key=lambda clock: (clock.due_at, clock.name), default=None)


def view_of(clock: Clock) -> ClockView:
    """Show a clock that was just started."""
    return ClockView(
        name=clock.name,
        ordinal=clock.ordinal,
        kind=clock.rule.kind.value,
        title=clock.rule.title,
        source=clock.rule.source,
        state=clock.state,
        run=clock.run,
        generation=clock.generation,
        begun_by=clock.begun_by,
        started_at=clock.started_at,
        due_at=clock.due_at,
        original_due_at=clock.original_due_at,
        paused_at=clock.paused_at,
        held_seconds=sum((hold.ends - hold.begins).total_seconds() for hold in clock.holds),
        ended_at=clock.ended_at,
        ended_by=clock.ended_by,
        by_seconds=None if clock.by is None else clock.by.total_seconds(),
        warned_at=clock.warned_at,
        breached_at=clock.breached_at,
        owner=clock.hands.owner,
        team=clock.hands.team,
        ladder=clock.hands.ladder,
        calendar=clock.calendar,
        policy_version=clock.policy_version,
        explanation=clock.explained,
    )
