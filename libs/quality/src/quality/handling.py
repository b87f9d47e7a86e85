"""Indicators of how complaints are handled, each by one formula over what happened to each complaint.

A span includes its begin and not its end. What happened after its end is not looked at, so that a past span keeps its figures;
due instants are those that stand now. A cohort indicator takes what fell due, or became ripe, in the span; a throughput
indicator what happened in it; a snapshot how it stood at its end. Where there is nothing to divide by or to measure, an
indicator is None and never 0.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from quality.ages import by_age
from quality.durations import Durations, durations
from quality.indicators import Span
from quality.intervals import Share, share

REOPENED_WITHIN: Final = timedelta(days=90)
"""How long after a closing a reopening speaks against it."""


class Step(StrEnum):
    """What happened to a complaint, as far as an indicator looks at it."""

    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    REJECTED = "rejected"
    LINKED = "linked"
    WAITING_BEGAN = "waiting_began"
    WAITING_ENDED = "waiting_ended"
    RESPONDED = "responded"
    CLOSED = "closed"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


ENDS: Final = frozenset({Step.REJECTED, Step.CLOSED, Step.REFERRED, Step.WITHDRAWN})
"""After these nothing is owed to the customer; a duplicate is still owed its answer."""

_HEARD: Final = frozenset({Step.ACKNOWLEDGED, Step.RESPONDED})
"""By these the customer heard of us: whoever answers has acknowledged, too."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step, when it happened, and of an answer whether an investigation led to it."""

    step: Step
    at: datetime
    investigated: bool | None = None


Kind = Literal["acknowledge", "respond"]
"""What a deadline is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A clock of a complaint; `ordinal` counts the clocks of its name, of which each run of the handling has its own.

    One that was ended without being met was voided. While it is on hold its present due instant is none.
    """

    clock: str
    ordinal: int
    kind: Kind
    started_at: datetime
    original_due_at: datetime
    due_at: datetime
    on_hold: bool = False
    met: bool = False
    ended_at: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Tell whether something was still to be done then."""
        return self.started_at < at and (self.ended_at is None or self.ended_at >= at)


@dataclass(frozen=True, slots=True)
class Life:
    """A complaint from its receipt on: its steps in the order in which they were taken, and its deadlines.

    `in_case` tells whether a corrective-action case that was accepted covers it, and `counts` whether it is neither rejected
    nor a duplicate.
    """

    received_at: datetime
    taken: Sequence[Taken] = ()
    deadlines: Sequence[Deadline] = ()
    in_case: bool = False
    counts: bool = True


Working = Callable[[datetime, datetime], timedelta | None]
"""Tells how much working time lies between two instants; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingFigures:
    """Of the handling of complaints; docs/indicators.md has each formula."""

    time_to_acknowledge: Durations
    acknowledged_on_time: Share
    acknowledged_on_time_original: Share
    unacknowledged_late: Share
    time_to_respond: Durations
    responded_on_time: Share
    responded_on_time_original: Share
    time_to_close: Durations
    time_to_first_close: Durations
    working_time_to_close: Durations
    closed_on_time: Share
    closed_on_time_original: Share
    closings_on_time: Share
    closed: int
    reopened: int
    reopened_after_closing: Share
    closed_without_investigation: Share
    led_to_case: Share
    backlog: int
    backlog_change: int
    backlog_by_age: tuple[tuple[str, int], ...]
    overdue: Share
    overdue_by_age: tuple[tuple[str, int], ...]


def of_handling(lives: Iterable[Life], span: Span, working: Working) -> HandlingFigures:
    """Compute the figures; complaints that do not matter to the span are passed over."""
    stories = [_Story(life, span) for life in lives if life.received_at < span.ends_at]
    deadlines = [each for story in stories for each in story.life.deadlines]
    acknowledge, respond = (
        [each for each in deadlines if each.kind == kind] for kind in ("acknowledge", "respond")
    )
    closed = [story for story in stories if span.holds(story.closed_at)]
    now = [story.life for story in stories if story.is_open]
    before = sum(_is_open(story.until(span.begins_at)) for story in stories if story.was_received)
    late = list(_late(respond, span.ends_at))
    assessed = [
        story.life
        for story in stories
        if story.life.counts and story.first_in_span(Step.ASSESSED) is not None
    ]
    ripe = [reopened for story in stories for reopened in story.ripe()]
    investigated = [story.investigated for story in closed if not story.is_duplicate]
    return HandlingFigures(
        time_to_acknowledge=_known(story.first_in_span(*_HEARD) for story in stories),
        acknowledged_on_time=_on_time(acknowledge, span),
        acknowledged_on_time_original=_on_time(acknowledge, span, original=True),
        unacknowledged_late=_share_late(acknowledge, span.ends_at),
        time_to_respond=_known(story.first_in_span(Step.RESPONDED) for story in stories),
        responded_on_time=_on_time(respond, span),
        responded_on_time_original=_on_time(respond, span, original=True),
        time_to_close=_known(story.since_receipt(story.closed_at) for story in closed),
        time_to_first_close=_known(story.first_in_span(Step.CLOSED) for story in stories),
        working_time_to_close=_known(story.worked(working) for story in closed),
        closed_on_time=_closed_on_time(stories, span),
        closed_on_time_original=_closed_on_time(stories, span, original=True),
        closings_on_time=_closings_on_time(closed),
        closed=len(closed),
        reopened=sum(span.holds(each.at) for story in stories for each in story.all_of(Step.REOPENED)),
        reopened_after_closing=share(sum(ripe), len(ripe)),
        closed_without_investigation=share(investigated.count(False), len(investigated)),
        led_to_case=share(sum(life.in_case for life in assessed), len(assessed)),
        backlog=len(now),
        backlog_change=len(now) - before,
        backlog_by_age=by_age(span.ends_at - life.received_at for life in now),
        overdue=_share_late(respond, span.ends_at),
        overdue_by_age=by_age(late),
    )


class _Story:
    """A complaint as it stood at the end of a span."""

    def __init__(self, life: Life, span: Span) -> None:
        self.life = life
        self.span = span
        self._taken = [each for each in life.taken if each.at < span.ends_at]

    @property
    def was_received(self) -> bool:
        return self.life.received_at < self.span.begins_at

    @property
    def is_open(self) -> bool:
        return _is_open(self._taken)

    @property
    def is_duplicate(self) -> bool:
        last = next(
            (each for each in reversed(self._taken) if each.step in {Step.LINKED, Step.REOPENED}), None
        )
        return last is not None and last.step is Step.LINKED

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed last; None where it is taken up again, or was never closed."""
        last = next((each for each in reversed(self._taken) if each.step in _TURNS), None)
        return last.at if last is not None and last.step is Step.CLOSED else None

    @property
    def investigated(self) -> bool | None:
        """Whether an investigation led to the last answer."""
        return next((each.investigated for each in reversed(self.all_of(Step.RESPONDED))), None)

    @property
    def due(self) -> Deadline | None:
        """The deadline of the answer that stands: of each clock the last run, and of several clocks the latest."""
        last: dict[str, Deadline] = {}
        for each in self.life.deadlines:
            known = last.get(each.clock)
            if each.kind == "respond" and (known is None or known.ordinal < each.ordinal):
                last[each.clock] = each
        return max(last.values(), key=lambda each: each.due_at, default=None)

    def until(self, at: datetime) -> list[Taken]:
        return [each for each in self._taken if each.at < at]

    def all_of(self, *steps: Step) -> list[Taken]:
        return [each for each in self._taken if each.step in steps]

    def first_in_span(self, *steps: Step) -> timedelta | None:
        """Tell how long after the receipt the first of these steps came, where it came in the span."""
        first = min((each.at for each in self.all_of(*steps)), default=None)
        return self.since_receipt(first) if self.span.holds(first) else None

    def since_receipt(self, at: datetime | None) -> timedelta | None:
        # A source's clock may run ahead of ours.
        return None if at is None else max(at - self.life.received_at, timedelta(0))

    def ripe(self) -> Iterator[bool]:
        """Tell of each closing whose time to be reopened ended in the span whether that happened."""
        for nth, each in enumerate(self._taken):
            if each.step is Step.CLOSED and self.span.holds(each.at + REOPENED_WITHIN):
                again = next((one.at for one in self._taken[nth:] if one.step is Step.REOPENED), None)
                yield again is not None and again <= each.at + REOPENED_WITHIN

    def worked(self, working: Working) -> timedelta | None:
        """Add up the working time in which it was neither ended nor waited for the customer."""
        spells = [working(begin, end) for begin, end in self._spells()]
        known = [each for each in spells if each is not None]
        return sum(known, timedelta(0)) if len(known) == len(spells) else None

    def _spells(self) -> Iterator[tuple[datetime, datetime]]:
        since, waiting, ended = self.life.received_at, False, False
        for each in self._taken:
            if not (waiting or ended) and each.at > since:
                yield since, each.at
            since = max(since, each.at)
            # A wait ends in whatever way it ends, also by the answer.
            waiting = each.step is Step.WAITING_BEGAN or (waiting and each.step in _GO_ON_WAITING)
            ended = each.step in ENDS or (ended and each.step is not Step.REOPENED)


def _known(values: Iterable[timedelta | None]) -> Durations:
    return durations(each for each in values if each is not None)


_TURNS: Final = ENDS | {Step.REOPENED}
_GO_ON_WAITING: Final = frozenset({Step.ACKNOWLEDGED, Step.ASSESSED})


def _is_open(taken: Sequence[Taken]) -> bool:
    last = next((each.step for each in reversed(taken) if each.step in _TURNS), None)
    return last not in ENDS


def _fell_due(each: Deadline, span: Span, *, original: bool) -> datetime | None:
    """Give the due instant where it lies in the span; what was voided before it, or is on hold, is due for nobody."""
    due = each.original_due_at if original else each.due_at
    voided = each.ended_at is not None and not each.met and each.ended_at <= due
    return None if voided or (each.on_hold and not original) or not span.holds(due) else due


def _on_time(deadlines: Iterable[Deadline], span: Span, *, original: bool = False) -> Share:
    met = whole = 0
    for each in deadlines:
        due = _fell_due(each, span, original=original)
        if due is not None:
            whole += 1
            met += each.met and each.ended_at is not None and each.ended_at <= due
    return share(met, whole)


def _late(deadlines: Iterable[Deadline], at: datetime) -> Iterator[timedelta]:
    return (
        at - each.due_at for each in deadlines if each.is_open(at) and not each.on_hold and each.due_at < at
    )


def _share_late(deadlines: Sequence[Deadline], at: datetime) -> Share:
    return share(sum(1 for _ in _late(deadlines, at)), sum(each.is_open(at) for each in deadlines))


def _closed_on_time(stories: Iterable[_Story], span: Span, *, original: bool = False) -> Share:
    met = whole = 0
    for story in stories:
        due = None if story.due is None else _fell_due(story.due, span, original=original)
        if due is not None:
            whole += 1
            met += story.closed_at is not None and story.closed_at <= due
    return share(met, whole)


def _closings_on_time(closed: Iterable[_Story]) -> Share:
    """Share the closings of the span that came by the due instant of the answer, of those with one."""
    timely = [
        story.closed_at <= story.due.due_at
        for story in closed
        if story.closed_at is not None and story.due is not None
    ]
    return share(sum(timely), len(timely))
