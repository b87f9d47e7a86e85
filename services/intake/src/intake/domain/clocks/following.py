"""Clocks follow what happens to a complaint: they start, stand still, run on, are met, missed or voided."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from common.refusals import Refusal
from intake.domain.clocks.clock import NO_LONGER_APPLIES, Clock, ClockState, started
from intake.domain.clocks.counting import counted
from intake.domain.clocks.happening import RESTARTS, Happened, Happening, Situation
from intake.domain.clocks.policy import Chosen, ClockPolicy, Hands, profile_of
from intake.domain.clocks.rule import BEGUN_BY, Start

FIRST_RUN: Final = 1
_CUT_SHORT: Final = frozenset({Happening.NOT_A_COMPLAINT, Happening.LINKED, Happening.WITHDRAWN})
"""What ends clocks whose duty is there again when the complaint is taken up again."""
_BEGINNINGS: Final = {start: sorted(happenings) for start, happenings in BEGUN_BY.items()}
_CORRECTIONS: Final = frozenset({Happening.AMENDED, Happening.INFORMATION_RECEIVED})


class News(StrEnum):
    """What is told of a clock that changed."""

    SET = "set"
    PAUSED = "paused"
    RESUMED = "resumed"
    MET = "met"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Change:
    """A clock as it stands now, and what is told of it; `former` is it as it stood before, None for a new one."""

    clock: Clock
    news: News
    former: Clock | None = None


Uncounted = Callable[[str, Refusal], None]
"""Told of a clock whose due instant cannot be computed, such as one from before all known holidays, and of why."""


def begin(
    policy: ClockPolicy, situation: Situation, *, now: datetime, uncounted: Uncounted
) -> tuple[Clock, ...]:
    """Start the clocks of a complaint that comes in; one that is only put on record gets none.

    Each counts from when the complaint reached us or we learned of it, so that it may be overdue from the start.
    """
    if situation.historical:
        return ()
    chosen = [each for each in policy.rules_for(situation) if each.rule.when.hold(situation)]
    following = _Following(policy, situation, (), now, uncounted)
    return tuple(clock for each in chosen if (clock := following.start(each, None)) is not None)


def follow(
    policy: ClockPolicy,
    situation: Situation,
    clocks: Sequence[Clock],
    happened: Happened,
    *,
    now: datetime,
    uncounted: Uncounted,
) -> tuple[Change, ...]:
    """Tell what something that happened changes, given every clock that the complaint has and what is known since.

    Clocks that run keep the rule that they started with; only new ones take the policy's present one. A verdict is never
    changed.
    """
    if situation.historical and not clocks and happened.what is not Happening.REOPENED:
        return ()
    return _Following(policy, situation, clocks, now, uncounted).follow(happened)


def standing_news(clock: Clock) -> tuple[News, ...]:
    """Tell what there is to be told of a clock as it stands."""
    match clock.state:
        case ClockState.RUNNING:
            return (News.SET,)
        case ClockState.PAUSED:
            return News.SET, News.PAUSED
        case ClockState.MET:
            return (News.MET,)
        case ClockState.MISSED:
            # What was stopped when it was late already was never done.
            return (News.MET,) if clock.ended_by in clock.rule.met_by else (News.VOIDED,)
        case ClockState.VOIDED:
            return (News.VOIDED,)
        case never:
            assert_never(never)


class _Following:
    """The clocks of one complaint while one thing that happened is gone through."""

    def __init__(
        self,
        policy: ClockPolicy,
        situation: Situation,
        clocks: Iterable[Clock],
        now: datetime,
        uncounted: Uncounted,
    ) -> None:
        self._policy = policy
        self._situation = situation
        self._now = now
        self._uncounted = uncounted
        self._latest: dict[str, Clock] = {}
        for clock in sorted(clocks, key=lambda clock: clock.ordinal):
            self._latest[clock.name] = clock
        self._run = max((clock.run for clock in self._latest.values()), default=FIRST_RUN)
        self._changes: list[Change] = []

    def follow(self, heard: Happened) -> tuple[Change, ...]:
        """Go through it: what ends and holds comes before what starts."""
        happened = self._understood(heard)
        for clock in self._open():
            self._end(clock, happened)
        if self._waiting_since() is None:
            self._resume(happened.at)
        elif happened.what is Happening.WAITING_BEGAN:
            self._pause(happened.at)
        self._adapt(follow_policy=happened.what in _CORRECTIONS)
        if happened.what in RESTARTS:
            self._run += 1
        self._start(happened)
        return tuple(self._changes)

    def start(self, chosen: Chosen, happened: Happened | None) -> Clock | None:
        """Start a clock where what it counts from has happened; `happened` begins it anew."""
        begun = happened or self._beginning(chosen.rule.start)
        if begun is None:
            return None
        rule, calendar = chosen.rule, self._policy.calendar(chosen.rule.calendar)
        try:
            found = counted(calendar, begun.at, rule)
        except Refusal as refusal:
            self._uncounted(rule.name, refusal)
            return None
        return started(
            self._situation.complaint_id,
            rule,
            chosen.policy_version,
            counted=found,
            calendar=calendar,
            hands=self._policy.hands_for(rule, self._situation),
            about=self._situation.about,
            severity=self._situation.severity,
            begun_by=begun.what.value,
            started_at=begun.at,
            now=self._now,
            former=self._latest.get(rule.name),
            run=self._run,
        )

    def _understood(self, heard: Happened) -> Happened:
        """Note when it happened; what is learned after a report was filed is information for a further report."""
        moments = dict(self._situation.moments)
        if heard.what is Happening.WAITING_BEGAN:
            # A wait may begin at the very instant at which the one before ended.
            moments.pop(Happening.WAITING_ENDED, None)
        if heard.what is Happening.AMENDED and Happening.REPORT_FILED in moments:
            heard = Happened(Happening.INFORMATION_RECEIVED, heard.at)
        self._situation = replace(self._situation, moments={**moments, heard.what: heard.at})
        return heard

    def _open(self) -> list[Clock]:
        return [clock for clock in self._latest.values() if clock.is_open]

    def _keep(self, clock: Clock, news: News) -> None:
        former = self._latest.get(clock.name)
        same = former is not None and former.ordinal == clock.ordinal
        self._changes.append(Change(clock, news, former if same else None))
        self._latest[clock.name] = clock

    def _resume(self, at: datetime) -> None:
        for clock in self._open():
            if clock.state is ClockState.PAUSED:
                calendar = self._policy.calendar(clock.rule.calendar)
                self._keep(replace(clock.resumed(calendar, at), set_at=self._now), News.RESUMED)

    def _pause(self, at: datetime) -> None:
        for clock in self._open():
            # What is overdue already stays so: a hold after the due instant gives nothing back.
            if clock.state is ClockState.RUNNING and clock.rule.pauses and at < clock.due_at:
                self._keep(clock.paused(at), News.PAUSED)

    def _end(self, clock: Clock, happened: Happened) -> None:
        rule, calendar = clock.rule, self._policy.calendar(clock.rule.calendar)
        if rule.is_met_by(happened):
            self._keep(clock.ended(calendar, happened.at, by=happened.what.value), News.MET)
        elif happened.what in rule.stopped_by:
            self._keep(clock.stopped(calendar, happened.at, by=happened.what.value), News.VOIDED)

    def _adapt(self, *, follow_policy: bool) -> None:
        """Void what no longer applies, and let what runs follow corrected times, severity and owner.

        Only a corrected complaint is looked up in the policy again: whoever edits the policy changes nothing that runs.
        """
        profiles = {profile_of(each.policy_version) for each in self._policy.rules_for(self._situation)}
        for clock in self._open():
            calendar = self._policy.calendar(clock.rule.calendar)
            chosen = not follow_policy or profile_of(clock.policy_version) in profiles
            if not chosen or not clock.rule.when.hold(self._situation):
                self._keep(clock.stopped(calendar, self._now, by=NO_LONGER_APPLIES), News.VOIDED)
                continue
            adapted = replace(
                clock,
                hands=self._hands(clock, follow_policy),
                about=self._situation.about,
                severity=self._situation.severity,
            )
            corrected = self._corrected_start(clock)
            if corrected is not None:
                try:
                    adapted = replace(adapted, started_at=corrected).recounted(calendar)
                except Refusal as refusal:
                    self._uncounted(clock.name, refusal)
            if adapted != clock:
                adapted = replace(adapted.raised(), set_at=self._now)
                self._keep(adapted, News.SET)
                if adapted.state is ClockState.PAUSED:
                    self._keep(adapted, News.PAUSED)

    def _hands(self, clock: Clock, follow_policy: bool) -> Hands:  # noqa: FBT001 - of our own callers
        if follow_policy:
            return self._policy.hands_for(clock.rule, self._situation)
        if self._situation.owner is None or clock.rule.has_hands:
            return clock.hands
        return clock.hands._replace(owner=self._situation.owner, team=self._situation.team)

    def _corrected_start(self, clock: Clock) -> datetime | None:
        """Tell the instant that a clock should count from, where the complaint's own times were corrected."""
        if clock.begun_by not in {Happening.RECEIVED, Happening.AWARE}:
            return None
        at = self._situation.moments.get(Happening(clock.begun_by))
        return None if at == clock.started_at else at

    def _start(self, happened: Happened) -> None:
        """Start what applies and has not run yet, what recurs, and what a new run begins anew."""
        for chosen in self._policy.rules_for(self._situation):
            rule, latest = chosen.rule, self._latest.get(chosen.rule.name)
            if latest is not None and latest.is_open:
                continue
            if self._situation.standing in rule.stopped_by or not rule.when.hold(self._situation):
                continue
            restarting = happened.what in rule.restarted_by or (
                happened.what in RESTARTS and latest is not None and latest.ended_by in _CUT_SHORT
            )
            recurring = happened.what in BEGUN_BY[rule.start] and (
                rule.recurs or rule.start is Start.INFORMATION_RECEIVED
            )
            if restarting or recurring:
                clock = self.start(chosen, happened)
            elif latest is None or latest.ended_by == NO_LONGER_APPLIES:
                clock = self.start(chosen, None)
                if clock is None or self._was_done(clock):
                    continue
            else:
                continue
            if clock is not None:
                self._keep(clock, News.SET)
                self._pause_new(clock)

    def _was_done(self, clock: Clock) -> bool:
        """Whether what meets a clock, such as the answer, came before the clock applied."""
        moments = self._situation.moments
        return any(at > clock.started_at for what, at in moments.items() if what in clock.rule.met_by)

    def _pause_new(self, clock: Clock) -> None:
        """Put a clock that starts while we wait for the customer on hold."""
        since = self._waiting_since()
        if since is not None and clock.rule.pauses and since < clock.due_at:
            self._keep(clock.paused(since), News.PAUSED)

    def _waiting_since(self) -> datetime | None:
        moments = self._situation.moments
        began, ended = moments.get(Happening.WAITING_BEGAN), moments.get(Happening.WAITING_ENDED)
        return began if began is not None and (ended is None or ended < began) else None

    def _beginning(self, start: Start) -> Happened | None:
        moments = self._situation.moments
        found = [what for what in _BEGINNINGS[start] if what in moments]
        if not found:
            return None
        latest = found[0] if len(found) == 1 else max(found, key=lambda what: moments[what])
        return Happened(latest, moments[latest])
