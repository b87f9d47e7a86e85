"""The clocks that complaints come with: what those of one kind, received on one day, have in common is made once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from common.refusals import Refusal
from intake.domain.clocks.clock import Clock
from intake.domain.clocks.counting import LONGEST_ALIKE, counts_whole_days, day_of
from intake.domain.clocks.following import Uncounted, begin
from intake.domain.clocks.happening import Happening, situation_at_receipt
from intake.domain.clocks.policy import ClockPolicy
from intake.domain.complaint import NewComplaint

_REMEMBERED: Final = 4_096
_WHOLE_MINUTES_SINCE: Final = 1973
"""The first year all through which every zone of the world was whole minutes from UTC."""

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """The clocks of a new complaint, those that are due first in front.

    Each is like one of `like`, but that it is this complaint's, counts from its times, and was set when it was written down.
    Complaints of one kind and day have the very same `like`.
    """

    like: tuple[Clock, ...]
    complaint: NewComplaint

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Each clock whole."""
        own = self.complaint
        return tuple(
            replace(clock, complaint_id=own.id, started_at=self.started_at(clock), set_at=own.recorded_at)
            for clock in self.like
        )

    def started_at(self, clock: Clock) -> datetime:
        """Tell from when the clock counts that is like this one."""
        own = self.complaint
        return own.aware_at if clock.begun_by == Happening.AWARE else own.received_at


class _Like(NamedTuple):
    clocks: tuple[Clock, ...]
    is_of_the_day: bool


class Beginnings:
    """Starts the clocks of new complaints by one policy."""

    def __init__(self, policy: ClockPolicy) -> None:
        self._policy = policy
        self._by_minute: dict[_Key, tuple[Clock, ...]] = {}
        self._by_day: dict[_Key, tuple[Clock, ...]] = {}

    def begin(self, complaint: NewComplaint, uncounted: Uncounted) -> Begun:
        """Start the clocks of a complaint that comes in; one that is only put on record gets none.

        Each counts from when the complaint reached us or we learned of it, so that it may be overdue from the start.
        """
        if complaint.historical:
            return Begun((), complaint)
        account, received_at, aware_at = complaint.account, complaint.received_at, complaint.aware_at
        kind = (
            complaint.source_system,
            account.product,
            account.category,
            account.channel,
            account.reported_severity,
        )
        # Days, shifts and changes of the clocks begin with a minute.
        minute = (
            *kind,
            received_at.replace(second=0, microsecond=0),
            aware_at.replace(second=0, microsecond=0),
        )
        clocks = self._by_minute.get(minute)
        if clocks is None:
            clocks, is_of_the_day = self._like(kind, complaint, uncounted)
            if is_of_the_day and min(received_at.year, aware_at.year) >= _WHOLE_MINUTES_SINCE:
                _remember(self._by_minute, minute, clocks)
        return Begun(clocks, complaint)

    def _like(self, kind: _Key, complaint: NewComplaint, uncounted: Uncounted) -> _Like:
        """Give clocks that the complaint's are like, and whether those of all complaints of the kind and day are."""
        situation = situation_at_receipt(complaint)
        rules = [each.rule for each in self._policy.rules_for(situation) if each.rule.when.hold(situation)]
        refused = False

        def tell(clock: str, refusal: Refusal) -> None:
            nonlocal refused
            refused = True
            uncounted(clock, refusal)

        def started() -> tuple[Clock, ...]:
            clocks = begin(self._policy, situation, now=complaint.recorded_at, uncounted=tell)
            return tuple(sorted(clocks, key=lambda clock: (clock.due_at, clock.name)))

        if not all(map(counts_whole_days, rules)):
            return _Like(started(), is_of_the_day=False)
        days = [
            day_of(self._policy.calendar(name), at)
            for name in dict.fromkeys(rule.calendar for rule in rules)
            for at in (complaint.received_at, complaint.aware_at)
        ]
        day = (*kind, *days)
        clocks = self._by_day.get(day)
        if clocks is None:
            clocks = started()
            if refused or any(clock.due_at - clock.started_at >= LONGEST_ALIKE for clock in clocks):
                return _Like(clocks, is_of_the_day=False)
            _remember(self._by_day, day, clocks)
        return _Like(clocks, is_of_the_day=True)


def _remember(known: dict[_Key, tuple[Clock, ...]], key: _Key, clocks: tuple[Clock, ...]) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = clocks
